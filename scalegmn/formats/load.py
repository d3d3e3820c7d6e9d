"""Load networks from files of any known format."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from scalegmn.formats.names import States, best_match
from scalegmn.formats.paths import existing_file
from scalegmn.formats.safetensors import read_safetensors
from scalegmn.formats.sparse import read_sparse
from scalegmn.formats.state_dict import read_state_dict
from scalegmn.formats.validation import validate
from scalegmn.formats.zoo_row import read_zoo_row

READERS: dict[str, Callable[[Path, Mapping[str, Tensor]], States]] = {
    ".npy": read_zoo_row,
    ".pt": read_state_dict,
    ".pth": read_state_dict,
    ".tar": read_state_dict,
    ".ckpt": read_state_dict,
    ".bin": read_state_dict,
    ".th": read_state_dict,
    ".safetensors": read_safetensors,
    ".sparse": read_sparse,
}


def load_state(path: str | os.PathLike[str], module: nn.Module) -> dict[str, Tensor]:
    """Read the state of a network from a file, in the format that the suffix names.

    Formats: a row of the Small CNN Zoo (``.npy``, with the zoo's ``layout.csv`` beside it or the
    small CNN's), a state dict or a checkpoint that holds one under any key (``.pt``, ``.pth``,
    ``.pth.tar``, ``.ckpt``, ``.bin``, ``.th``), safetensors, compressed sparse files
    (``.sparse``). Prefixes of owners and wrappers (``model.``, ``module.``, ``_orig_mod.``) are
    dropped, weights are multiplied by the masks of ``torch.nn.utils.prune``, and of a network and
    its moving average the network is taken.

    Args:
        path: the file; ``~`` is the home folder.
        module: a network of the architecture that the file should hold; it is not changed.

    Returns:
        What ``module.load_state_dict`` takes, in float32 on the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: in one line: the file may not be read or is damaged, or does not hold this
            network, or holds values that are not finite.
    """
    return load_tensors(path, module.state_dict())


def load_tensors(path: str | os.PathLike[str], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Read a network that is known by the names and shapes of its tensors, as ``load_state`` does.

    Args:
        path: the file.
        expected: tensors like those that the file should hold.

    Raises:
        FileNotFoundError: see :func:`load_state`.
        ValueError: see :func:`load_state`.
    """
    path = existing_file(path, f"a network ({', '.join(READERS)})")
    if path.suffix not in READERS:
        known = ", ".join(READERS)
        raise ValueError(f"{path}: unknown suffix {path.suffix!r}; networks are read from {known}")
    states = READERS[path.suffix](path, expected)
    names = {name for _, state in states for name in state}
    if any(name.startswith("operator.") for name in names - expected.keys()):
        # Its target is the one from before it was rewritten: hardly what was meant.
        raise ValueError(
            f"{path}: holds an operator, and its target as it was before the operator rewrote it; "
            "give the run's rewritten.safetensors or pruned_<percent>.safetensors"
        )
    try:
        state = best_match(states, expected)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return validate(path, state, expected)
