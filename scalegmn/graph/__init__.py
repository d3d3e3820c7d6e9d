"""Networks as graphs: node groups, edge blocks, and the parameters that flow through them."""

from scalegmn.graph.fold import fold_batch_norm
from scalegmn.graph.groups import EdgeBlock, Freedom, NodeGroup, Role
from scalegmn.graph.network_graph import NetworkGraph

__all__ = ["EdgeBlock", "Freedom", "NetworkGraph", "NodeGroup", "Role", "fold_batch_norm"]
