"""Magnitudes that do not depend on the scale of hidden units."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.pruning.scores import magnitude


def balanced_magnitude(
    params: Mapping[str, Tensor],
    *,
    net: nn.Module,
    image_shape: Sequence[int],
    prune_biases: bool = False,
) -> dict[str, Tensor]:
    """The absolute values that parameters have in the equal network with the least norm.

    Magnitudes depend on how the factors of ReLU units are chosen, the function does not:
    see :func:`scalegmn.gauge.balancing`.

    Args:
        params: a network's parameters by name.
        net: a network of that architecture, without batch normalisation.
        image_shape: channels, height and width of its inputs.
        prune_biases: make tensors of one axis prunable too.

    Returns:
        Scores of the prunable tensors, in their shapes and on their devices, detached.

    Raises:
        ValueError: if the graph cannot express a layer of the network, or it has parameters that
            are in no graph, as those of batch normalisation.
    """
    graph = NetworkGraph.from_module(net, torch.zeros(1, *image_shape))
    if missing := sorted(params.keys() - graph.parameter_shapes.keys()):
        raise ValueError(
            f"{missing[0]} has no balanced magnitude (batch normalisation?): fold it, or compare "
            "magnitudes as they are (selection.gauge=raw)"
        )
    held = {name: p.detach().cpu() for name, p in params.items()}
    balanced = balancing(graph, held).on_parameters(held)
    moved = {name: balanced[name].to(p.device) for name, p in params.items()}
    return magnitude(moved, prune_biases=prune_biases)
