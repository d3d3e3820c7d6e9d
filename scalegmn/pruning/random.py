"""Random scores, a control."""

import torch
from torch import Tensor, nn

from scalegmn.pruning.score import Batches, prunable


def random(
    net: nn.Module, data: Batches = (), *, seed: int, prune_biases: bool = False
) -> dict[str, Tensor]:
    """Uniform scores in [0, 1): a control that knows nothing of the network.

    Args:
        net: the network to prune; only the shapes of its parameters count.
        data: not used.
        seed: equal seeds and shapes give equal scores, on every device.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable parameters, in their shapes, in double precision.
    """
    generator = torch.Generator().manual_seed(seed)
    # In float32 millions of scores would tie, and ties favour late layers.
    return {
        name: torch.rand(p.shape, generator=generator, dtype=torch.float64).to(p.device)
        for name, p in prunable(net, prune_biases=prune_biases).items()
    }
