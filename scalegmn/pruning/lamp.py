"""LAMP, layer-adaptive magnitude as a pruning score."""

import torch
from torch import Tensor, nn

from scalegmn.pruning.score import Batches, prunable


def lamp(net: nn.Module, data: Batches = (), *, prune_biases: bool = False) -> dict[str, Tensor]:
    r"""The squared magnitude, relative to what its layer has of the same size and larger.

    .. math:: s_u = \frac{\theta_u^2}{\sum_{v \ge u} \theta_v^2}

    Entries v of the tensor are in the order of their magnitudes; of equal ones, the first come
    first. Within a layer LAMP ranks like the magnitude, and the largest entry of every layer has
    score 1: over all layers together, it chooses their sparsities, and no layer is emptied as long
    as one entry each is kept. A tensor of zeros has scores of 0.

    A factor that all of a layer's weights share changes nothing. Rescaling single hidden units
    does, as for the magnitude: ``selection.gauge=balanced`` fixes their scales.

    Reference: Lee et al., *Layer-adaptive Sparsity for the Magnitude-based Pruning*, 2021,
    arXiv:2010.07611, eq. (4).

    Args:
        net: the network to prune.
        data: not used.
        prune_biases: make tensors of one axis prunable too, each a layer of its own.

    Returns:
        Scores of the prunable parameters, in their shapes, in double precision, detached.
    """
    found = prunable(net, prune_biases=prune_biases)
    return {name: _lamp(p.detach()) for name, p in found.items()}


def _lamp(weight: Tensor) -> Tensor:
    tiny = torch.finfo(torch.float64).tiny  # Of zeros, 0 / 0 is 0.
    magnitude = weight.double().abs().flatten()
    # Relative to the largest, so that no square overflows, nor the largest's underflows.
    squares = (magnitude / magnitude.max().clamp(min=tiny)).square()
    ascending, order = squares.sort(stable=True)
    as_large = ascending.flip(0).cumsum(0).flip(0)
    scores = torch.empty_like(squares)
    scores[order] = ascending / as_large.clamp(min=tiny)
    return scores.view(weight.shape)
