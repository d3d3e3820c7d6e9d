"""Give the layers of a network fewer channels."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from scalegmn.graph import EdgeBlock, NetworkGraph


@torch.no_grad()
def shrink_(
    net: nn.Module,
    graph: NetworkGraph,
    kept: Sequence[Bool[Tensor, " _n"]],
    shifts: Mapping[str, Float[Tensor, " _n"]],
) -> nn.Module:
    """Remove rows and columns of all parameters, in place.

    Args:
        net: the network.
        graph: read from it.
        kept: the nodes of each group that stay.
        shifts: by the name of a layer's weight, what to add to its bias before.

    Returns:
        The network.
    """
    for name, shift in shifts.items():
        _add_to_bias(net.get_submodule(name.rpartition(".")[0]), shift)
    own = {g.bias: kept[k] for k, g in enumerate(graph.groups) if g.bias is not None}
    for name, parts in graph.parts.items():
        value = net.get_parameter(name)[_rows(parts, kept)]
        columns = _columns(parts, kept)
        set_parameter(net, name, value if columns is None else value[:, columns])
    for name, nodes in own.items():
        set_parameter(net, name, net.get_parameter(name)[nodes])
    _made_biases(net, graph, kept, shifts)
    return net


def _add_to_bias(layer: nn.Module, shift: Tensor) -> None:
    bias = None if layer.bias is None else layer.get_parameter("bias")
    trained = layer.get_parameter("weight" if bias is None else "bias").requires_grad
    layer.bias = nn.Parameter(shift if bias is None else bias + shift, trained)


def _made_biases(
    net: nn.Module,
    graph: NetworkGraph,
    kept: Sequence[Bool[Tensor, " _n"]],
    shifts: Mapping[str, Tensor],
) -> None:
    """Remove rows of the biases that layers had not before."""
    for weight in shifts:
        name = weight.removesuffix("weight") + "bias"
        if name not in graph.parameter_shapes:
            set_parameter(net, name, net.get_parameter(name)[_rows(graph.parts[weight], kept)])


def _rows(parts: Sequence[EdgeBlock], kept: Sequence[Tensor]) -> Int[Tensor, " n"]:
    """The rows of a parameter that stay."""
    targets = {part.row: part.target for part in parts}
    return torch.cat([row + kept[k].nonzero().flatten() for row, k in sorted(targets.items())])


def _columns(parts: Sequence[EdgeBlock], kept: Sequence[Tensor]) -> Int[Tensor, " n"] | None:
    """The columns that stay, None where each row has one of its own or no part of a group goes."""
    if parts[0].diagonal or len(parts[0].shape) == 1:
        return None
    sources = {part.column: part for part in parts}
    found = []
    for column, part in sorted(sources.items()):
        count = part.shape[1] // part.n_in
        nodes = kept[part.source].nonzero()
        found.append((column + nodes * count + torch.arange(count)).flatten())
    return torch.cat(found)


def set_parameter(net: nn.Module, name: str, value: Tensor) -> None:
    """Set a parameter of another shape, or a bias that was None, and tell its layer."""
    path, _, own = name.rpartition(".")
    layer = net.get_submodule(path)
    present = getattr(layer, own)
    trained = present is None or present.requires_grad
    setattr(layer, own, nn.Parameter(value.clone(), trained))
    if own != "weight":
        return
    if isinstance(layer, nn.Linear):
        layer.out_features, layer.in_features = value.shape
    elif isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        if layer.groups == layer.in_channels and layer.groups > 1:
            # Each channel makes as many as before.
            layer.groups = len(value) // (layer.out_channels // layer.in_channels)
        layer.out_channels, layer.in_channels = len(value), value.shape[1] * layer.groups
