"""SNIP, connection sensitivity as a pruning score."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.pruning.gradients import first_batches, loss_gradients
from scalegmn.pruning.score import Batches, prunable


def snip(
    net: nn.Module, data: Batches, *, batches: int = 1, prune_biases: bool = False
) -> dict[str, Tensor]:
    r"""How much the loss changes to first order when a parameter is removed.

    .. math:: s_i = \left| \theta_i \, \frac{\partial L}{\partial \theta_i} \right|

    L is the mean cross-entropy over the batches. The network is seen in evaluation mode: without
    dropout, and with the running statistics of batch normalisation. Rescaling hidden units leaves
    the score unchanged: what a weight gains, its gradient loses.

    Reference: Lee et al., *SNIP: Single-shot Network Pruning based on Connection Sensitivity*,
    2019, arXiv:1810.02340. ScaleGMN-pruning sums the absolute gradients of the batches in training
    mode instead; with one batch and no dropout both rank alike.

    Args:
        net: the network to prune; its gradients, mode and buffers stay as they are.
        data: training batches, on any device.
        batches: how many of them to use, all if there are fewer.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable parameters, in their shapes, detached; 0 where the loss does not
        depend on a parameter.

    Raises:
        ValueError: if ``batches`` is below 1 or ``data`` is empty.
    """
    probe = deepcopy(net).eval().requires_grad_(True)
    weights = prunable(probe, prune_biases=prune_biases)
    totals = [torch.zeros_like(w, requires_grad=False) for w in weights.values()]
    images = 0
    for x, y in first_batches(data, batches, score="snip"):
        gradients = loss_gradients(probe, list(weights.values()), x, y)
        totals = [total + g for total, g in zip(totals, gradients, strict=True)]
        images += len(y)
    pairs = zip(weights.items(), totals, strict=True)
    return {name: (w.detach() * total / images).abs() for (name, w), total in pairs}
