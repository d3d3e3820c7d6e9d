"""Views of graphs of torch_geometric."""

from typing import TYPE_CHECKING

import torch

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.bands import Band, IndexBand
from scalegmn.nn.execution.view import GraphView

if TYPE_CHECKING:
    from torch_geometric.data import Data


def pyg_views(data: "Data", num_layers: int) -> tuple[GraphView, ...]:
    """The view of every layer, for a ``Data`` or ``Batch`` made by ``NetworkGraph.to_pyg``."""
    roles, edge_index = data.node_role, data.edge_index
    bands: list[Band] = []
    edges_of, everywhere = [], slice(0, len(roles))
    last = 0
    for source in Role:
        for target in Role:
            chosen = (roles[edge_index[0]] == source) & (roles[edge_index[1]] == target)
            edges = chosen.nonzero().squeeze(1)
            if len(edges):
                ends = edge_index[:, edges]
                updated = slice(last, last + len(edges))
                band = IndexBand((source, target), edges, updated, ends, everywhere, everywhere)
                bands.append(band)
                edges_of.append(edges)
                last = updated.stop
    view = GraphView(
        tuple(bands),
        len(roles),
        {r: (roles == r).nonzero().squeeze(1) for r in Role if (roles == r).any()},
        data.node_type,
        data.edge_type,
        data.sign_node[None, :, None],
        torch.cat(edges_of).argsort(),
        getattr(data, "num_graphs", 1),
        getattr(data, "batch", None),
    )
    return (view,) * num_layers
