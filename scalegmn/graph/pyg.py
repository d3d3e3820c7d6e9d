"""Convert a network to a ``torch_geometric`` graph."""

from collections.abc import Mapping

from torch import Tensor
from torch_geometric.data import Data

from scalegmn.graph.network_graph import NetworkGraph


def to_pyg(graph: NetworkGraph, params: Mapping[str, Tensor]) -> Data:
    """One network with everything that a metanetwork reads.

    Returns:
        ``x`` (node, 1), ``edge_attr`` (edge, edge_dim), ``edge_index`` (2, edge) in the order of
        :class:`NetworkGraph`, and ``node_type``, ``edge_type``, ``node_role``, ``sign_node``,
        ``node_bias`` and ``edge_block``, properties of the graph by the same names in plural.
    """
    x, edge_attr = graph.features(params)
    return Data(
        x=x,
        edge_attr=edge_attr,
        edge_index=graph.edge_index,
        node_type=graph.node_types,
        edge_type=graph.edge_types,
        node_role=graph.node_roles,
        sign_node=graph.sign_nodes,
        node_bias=graph.bias_of_node,
        edge_block=graph.block_of_edge,
    )
