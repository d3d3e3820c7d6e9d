"""GraSP, preservation of gradient flow as a pruning score."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.pruning.gradients import first_batches, loss_gradients
from scalegmn.pruning.score import Batches, prunable


def grasp(
    net: nn.Module,
    data: Batches,
    *,
    batches: int = 1,
    temperature: float = 200.0,
    prune_biases: bool = False,
) -> dict[str, Tensor]:
    r"""How much the gradient's norm falls, to first order, when a parameter is removed.

    .. math:: s_i = \theta_i \, (H g)_i, \qquad
        -2 s_i \approx \lVert g \rVert^2 \big|_{\theta_i = 0} - \lVert g \rVert^2

    g and H are gradient and Hessian, with respect to the prunable parameters, of the mean
    cross-entropy over the batches. The paper's score is −s, and it removes the highest: what lets
    the gradient grow goes first, what it needs stays. So s is negative for many entries, and 0,
    neither first nor last, for those that are zero.

    The network is seen in evaluation mode: without dropout, and with the running statistics of
    batch normalisation. GraSP was made for networks at initialisation. Of a trained one the
    gradient is small and mostly noise at temperature 1; at the published 200 it is not, as the
    loss sees nearly equal probabilities.

    Rescaling hidden units changes the gradient's norm and with it the score;
    ``selection.gauge=balanced`` fixes their scales.

    Reference: Wang et al., *Picking Winning Tickets Before Training by Preserving Gradient Flow*,
    2020, arXiv:2002.07376, eq. (8). The published code is in training mode, draws as many images
    of each class, and initialises dense layers anew.

    Args:
        net: the network to prune; its gradients, mode and buffers stay as they are.
        data: training batches, on any device.
        batches: how many of them to use, all if there are fewer; they are kept in memory.
        temperature: divides the logits; 200 in the published code.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable parameters, in their shapes, detached; 0 where the loss does not
        depend on a parameter.

    Raises:
        ValueError: if ``batches`` is below 1, the temperature is not positive or ``data`` is empty.
    """
    if not temperature > 0:
        raise ValueError(f"grasp needs a temperature above 0, got temperature={temperature}")
    images = list(first_batches(data, batches, score="grasp"))
    count = sum(len(y) for _, y in images)
    probe = deepcopy(net).eval().requires_grad_(True)
    weights = prunable(probe, prune_biases=prune_biases)
    params = list(weights.values())
    flow = [torch.zeros_like(w, requires_grad=False) for w in params]
    for x, y in images:
        gradients = loss_gradients(probe, params, x, y, temperature=temperature)
        flow = [total + g / count for total, g in zip(flow, gradients, strict=True)]
    scores = [torch.zeros_like(w, requires_grad=False) for w in params]
    for x, y in images:
        gradients = loss_gradients(probe, params, x, y, temperature=temperature, create_graph=True)
        product = _products(gradients, params, flow)
        terms = zip(scores, params, product, strict=True)
        scores = [score + w.detach() * hg / count for score, w, hg in terms]
    return dict(zip(weights, scores, strict=True))


def _products(
    gradients: Sequence[Tensor], params: Sequence[Tensor], vector: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """Hessian times a vector, as the gradient of gradient times vector."""
    with torch.enable_grad():
        along = torch.stack([(g * v).sum() for g, v in zip(gradients, vector, strict=True)]).sum()
        if not along.requires_grad:  # The loss depends on none of them.
            return tuple(torch.zeros_like(v) for v in vector)
        return torch.autograd.grad(along, params, allow_unused=True, materialize_grads=True)
