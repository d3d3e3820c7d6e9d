"""Candidates that one long fit leaves in files when it passes their sparsities."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path

from torch import nn

from scalegmn.pruning import Mask, load_masked


def milestone_files(folder: Path, stem: str, sparsities: Sequence[float]) -> dict[float, Path]:
    """A file for each sparsity.

    Args:
        folder: of the method's training.
        stem: what their names begin with.
        sparsities: fractions of the prunable parameters.
    """
    return {s: folder / f"{stem}_{100 * s:g}.safetensors" for s in sparsities}


def milestones(net: nn.Module, files: Mapping[float, Path]) -> Iterator[tuple[nn.Module, Mask]]:
    """The networks in the files, and their masks.

    Args:
        net: a network of the architecture; it is not changed.
        files: by sparsity, see :func:`scalegmn.pruning.save_masked`.
    """
    for file in files.values():
        pruned = deepcopy(net)
        yield pruned, load_masked(file, pruned)
