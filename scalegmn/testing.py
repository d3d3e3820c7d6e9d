r"""How exactly a metanetwork respects the symmetries of the networks that it reads.

The error of one group element :math:`g` is
:math:`\max |g^{-1} f(g \theta) - f(\theta)|`, in units of the spread of :math:`f` over
independently drawn networks: against a nearly constant :math:`f` any absolute error looks small.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.symmetry import PermScale

Params = Mapping[str, Tensor]


def random_networks(graph: NetworkGraph, count: int) -> dict[str, Tensor]:
    """Independent standard-normal parameters, with a leading axis of ``count`` networks."""
    x_V, x_E = torch.randn(count, graph.num_nodes, 1), torch.randn(count, graph.num_edges, 1)
    return graph.parameters(x_V, x_E * torch.randn(graph.edge_dim))


def spread(values: Tensor) -> float:
    """Mean standard deviation over the leading axis."""
    return values.std(0).mean().item()


@torch.no_grad()
def enlarge_(model: Functional | Operator, graph: NetworkGraph, least: float = 1e-2) -> None:
    """Enlarge a metanetwork's weights until its outputs differ by ``least`` between networks.

    Raises:
        ValueError: some output never does: the model is constant.
    """
    networks = random_networks(graph, 16)
    for _ in range(40):
        changes = changes_of(model, graph, networks)
        if min(spread(c) for c in changes.values()) >= least:
            return
        for module in model.modules():
            if isinstance(module, nn.Linear):
                module.weight.mul_(1.5)
    raise ValueError("the output hardly depends on the network, whatever the size of the weights")


def changes_of(
    model: Functional | Operator, graph: NetworkGraph, params: Params
) -> dict[str, Tensor]:
    """The value of a functional, or what an operator adds to each parameter."""
    out = model(graph, params)
    if isinstance(out, Tensor):
        return {"value": out}
    return {name: out[name] - params[name] for name in out}


@torch.no_grad()
def symmetry_error(
    model: Functional | Operator, graph: NetworkGraph, params: Params, g: PermScale
) -> float:
    """The largest error over all parameters, in units of their spread.

    Args:
        model: invariant functional or equivariant operator.
        graph: the architecture.
        params: of one network or, with a leading axis, of a batch.
        g: acts on each.
    """
    scale = changes_of(model, graph, random_networks(graph, 16))
    before = changes_of(model, graph, params)
    after = changes_of(model, graph, g.on_parameters(params))
    if isinstance(model, Operator):
        after = g.inverse().on_parameters(after)
    return max(((after[k] - before[k]).abs().max() / spread(scale[k])).item() for k in before)
