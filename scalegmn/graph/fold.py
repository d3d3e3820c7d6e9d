"""Fold batch normalisation into the weights before it."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.graph.channel_affine import ChannelAffine, Norm, gain_and_shift
from scalegmn.graph.predecessors import recorded_predecessors, traced_predecessors

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
# By the exact type: a subclass may compute something else.
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
    identity. One that does not directly follow a convolution or linear layer, used once and with no
    other reader, becomes a :class:`~scalegmn.graph.channel_affine.ChannelAffine` instead, such as
    those before the convolutions of a DenseNet. A module without normalisation is copied as it is.

    Args:
        module: its normalisations have running statistics.
        example_input: a batch of inputs; needed only where ``forward`` branches on shapes, which
            ``torch.fx`` cannot follow.

    Raises:
        ValueError: a normalisation that has no running statistics, or is not used.
    """
    folded = deepcopy(module)
    if not has_batch_norm(folded):
        return folded
    names = {m: f"{name} ({type(m).__name__})" for name, m in folded.named_modules()}
    if example_input is None:
        pairs = traced_predecessors(folded, NORMS)
    else:
        pairs = recorded_predecessors(folded, NORMS, example_input)
    for norm in list(dict.fromkeys(m for m in folded.modules() if isinstance(m, NORMS))):
        layers = [layer for used, layer in pairs if used is norm]
        _check(norm, names[norm], used=bool(layers))
        new: nn.Module = nn.Identity().train(norm.training)
        if all(type(layer) in LAYERS for layer in layers):
            for layer in layers:
                _absorb(layer, norm)
        else:
            new = ChannelAffine.of_norm(norm)
        _replace(folded, norm, new)
    return folded


def _check(norm: Norm, name: str, *, used: bool) -> None:
    if not used:
        raise ValueError(f"{name}: is not used by the forward; delete it")
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError(
            f"{name}: has no running statistics (track_running_stats=False), so that its output "
            "depends on the whole batch; it cannot be folded"
        )


def _absorb(layer: nn.Module | None, norm: Norm) -> None:
    """Change a layer in place so that it computes what the normalisation made of its output."""
    assert isinstance(layer, LAYERS)
    weight, trained = layer.weight, layer.weight.requires_grad
    gain, shift = gain_and_shift(norm)
    scaled = weight * gain.view(-1, *[1] * (weight.ndim - 1))
    bias = shift if layer.bias is None else layer.bias * gain + shift
    layer.weight = nn.Parameter(scaled.to(weight.dtype), trained)
    layer.bias = nn.Parameter(bias.to(weight.dtype), trained)


def _replace(module: nn.Module, old: nn.Module, new: nn.Module) -> None:
    # Under each of its names: one module may be registered twice.
    for name, found in list(module.named_modules(remove_duplicate=False)):
        if found is old:
            module.set_submodule(name, new)
