"""Balance hidden-unit scales so that weights are comparable across layers."""

from copy import deepcopy

from torch import Tensor, nn

from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph


def balanced(net: nn.Module, example_input: Tensor) -> nn.Module:
    """The network that computes the same function with the least norm of its parameters.

    Weights depend on how the factors of ReLU units are chosen, the function does not: see
    :func:`scalegmn.gauge.balancing`.

    Args:
        net: a network without batch normalisation; it is not changed.
        example_input: an input (1, c, h, w).

    Raises:
        ValueError: if the graph cannot express a layer of the network, or it has parameters that
            are in no graph, as those of batch normalisation.
    """
    copy = deepcopy(net).cpu()
    held = {name: p.detach() for name, p in copy.named_parameters()}
    graph = NetworkGraph.from_module(copy, example_input.cpu())
    if missing := sorted(held.keys() - graph.parameter_shapes.keys()):
        raise ValueError(
            f"{missing[0]} has no balanced scale (batch normalisation?): fold it, or compare "
            "magnitudes as they are (selection.gauge=raw)"
        )
    scaled = balancing(graph, held).on_parameters(held)
    copy.load_state_dict({**copy.state_dict(), **scaled})
    return copy.to(next(net.parameters()).device)
