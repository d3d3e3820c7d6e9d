"""SNIP: scores from gradients."""

from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalegmn.pruning.scores import Batches, prunable


def snip(
    net: nn.Module, data: Batches, *, batches: int = 1, prune_biases: bool = False
) -> dict[str, Tensor]:
    r"""The sensitivity of the loss to removing each connection.

    .. math:: s_i = |w_i \, \partial L / \partial w_i|

    where L is the mean cross-entropy over the first batches. No gauge changes it: a factor of the
    weight is undone by its gradient.

    Reference: Lee et al., *SNIP: Single-shot Network Pruning based on Connection Sensitivity*, 2019,
    arXiv:1810.02340, eq. (4) without the normalisation, which changes no rank.

    Args:
        net: the network; its modes, buffers and gradients are left as they are.
        data: training images (n, c, h, w) with labels (n,).
        batches: how many of them are read.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes, detached.

    Raises:
        ValueError: if there are no images, or fewer than one batch is asked for.
    """
    if batches < 1:
        raise ValueError(f"snip: batches must be at least 1, got {batches}")
    params = {n: p.detach().requires_grad_() for n, p in prunable(net, prune_biases).items()}
    device = next(net.parameters()).device
    modes = {module: module.training for module in net.modules()}
    net.eval()  # Running statistics are read and not changed, and nothing is dropped.
    try:
        loss, images = torch.zeros((), device=device), 0
        for x, y in islice(data, batches):
            logits = torch.func.functional_call(net, params, (x.to(device),))
            loss = loss + F.cross_entropy(logits, y.to(device), reduction="sum")
            images += len(y)
        if not images:
            raise ValueError("snip: there are no training images to take gradients on")
        gradients = torch.autograd.grad(loss / images, list(params.values()))
    finally:
        for module, training in modes.items():
            module.training = training
    pairs = zip(params.items(), gradients, strict=True)
    return {name: (p * g).detach().abs() for (name, p), g in pairs}
