"""A control for selections: as many weights per layer, but any."""

from collections.abc import Mapping

import torch
from torch import Tensor

from scalegmn.pruning.mask import Mask
from scalegmn.pruning.selection import Selection


def keep_shuffled(
    scores: Mapping[str, Tensor], sparsity: float, *, selection: Selection, seed: int
) -> Mask:
    """The mask of a selection, shuffled within each tensor.

    What it does worse than the selection is what the selection knows beyond each layer's sparsity.

    Args:
        scores: one score per prunable entry.
        sparsity: fraction to prune, in [0, 1).
        selection: chooses how many entries of each tensor stay.
        seed: of the shuffling, the same on every device.
    """
    generator = torch.Generator().manual_seed(seed)
    return selection(scores, sparsity).shuffled(generator)
