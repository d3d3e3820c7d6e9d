"""Magnitude as a pruning score."""

from torch import Tensor, nn

from scalegmn.pruning.score import Batches, prunable


def magnitude(
    net: nn.Module, data: Batches = (), *, prune_biases: bool = False
) -> dict[str, Tensor]:
    r"""The absolute value :math:`|\theta_i|` of each prunable parameter.

    Reference: Han et al., *Learning both Weights and Connections for Efficient Neural Networks*,
    2015, arXiv:1506.02626.

    Args:
        net: the network to prune.
        data: not used.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable parameters, in their shapes, detached.
    """
    found = prunable(net, prune_biases=prune_biases)
    return {name: p.detach().abs() for name, p in found.items()}
