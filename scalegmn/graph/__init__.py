"""Networks as graphs: node groups, edge blocks, and the parameters that flow through them."""

from scalegmn.graph.fold import fold_batch_norm
from scalegmn.graph.groups import EdgeBlock, Freedom, NodeGroup, Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.graph.value_range import check_range, in_range

__all__ = [
    "EdgeBlock",
    "Freedom",
    "NetworkGraph",
    "NodeGroup",
    "Role",
    "check_range",
    "fold_batch_norm",
    "in_range",
]
