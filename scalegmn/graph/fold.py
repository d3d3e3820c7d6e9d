"""Fold batch normalisation into the weights before it."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.graph.predecessors import recorded_predecessors, traced_predecessors

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)


def has_batch_norm(module: nn.Module) -> bool:
    """Whether any layer of the module is a batch normalisation."""
    return any(isinstance(m, NORMS) for m in module.modules())


@torch.no_grad()
def fold_batch_norm(module: nn.Module, example_input: Tensor | None = None) -> nn.Module:
    r"""A copy that computes the same in evaluation mode, without batch normalisation.

    .. math::
        W' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} W, \qquad
        b' = \frac{\gamma}{\sqrt{\sigma^2 + \epsilon}} (b - \mu) + \beta

    The layer before each normalisation keeps its name and gets a bias; the normalisation becomes an
    identity. A module without normalisation is copied as it is.

    Args:
        module: each normalisation directly follows a convolution or linear layer.
        example_input: a batch of inputs; needed only where ``forward`` branches on shapes, which
            ``torch.fx`` cannot follow.

    Raises:
        ValueError: a normalisation that does not directly follow a convolution or linear layer, or
            that has no running statistics.
    """
    folded = deepcopy(module)
    if not has_batch_norm(folded):
        return folded
    names = {m: f"{name} ({type(m).__name__})" for name, m in folded.named_modules()}
    if example_input is None:
        pairs = traced_predecessors(folded, NORMS)
    else:
        pairs = recorded_predecessors(folded, NORMS, example_input)
    for norm, layer in pairs:
        _absorb(layer, norm, names[norm])
    for norm in {m for m in folded.modules() if isinstance(m, NORMS)}:
        if not any(norm is used for used, _ in pairs):
            raise ValueError(f"{names[norm]}: is not used by the forward; delete it")
        _replace(folded, norm, nn.Identity().train(norm.training))
    return folded


def _absorb(layer: nn.Module | None, norm: nn.Module, name: str) -> None:
    """Change a layer in place so that it computes what the normalisation made of its output."""
    assert isinstance(norm, NORMS)
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(
            f"{name}: has no running statistics (track_running_stats=False), so that its output "
            "depends on the whole batch; it cannot be folded"
        )
    # By the exact type: a subclass may compute something else.
    if not isinstance(layer, LAYERS) or type(layer) not in LAYERS:
        raise ValueError(
            f"{name}: can be folded only directly after a convolution or linear layer that is used "
            "once and that nothing else reads"
        )
    weight, trained = layer.weight, layer.weight.requires_grad
    gain = torch.rsqrt(norm.running_var + norm.eps)
    gain = gain if norm.weight is None else gain * norm.weight
    bias = -norm.running_mean if layer.bias is None else layer.bias - norm.running_mean
    shift = torch.zeros_like(bias) if norm.bias is None else norm.bias
    scaled = weight * gain.view(-1, *[1] * (weight.ndim - 1))
    layer.weight = nn.Parameter(scaled.to(weight.dtype), trained)
    layer.bias = nn.Parameter((bias * gain + shift).to(weight.dtype), trained)


def _replace(module: nn.Module, old: nn.Module, new: nn.Module) -> None:
    # Under each of its names: one module may be registered twice.
    for name, found in list(module.named_modules(remove_duplicate=False)):
        if found is old:
            module.set_submodule(name, new)
