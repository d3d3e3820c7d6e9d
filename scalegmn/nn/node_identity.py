"""Positional encodings that tell all nodes apart."""

from jaxtyping import Float
from torch import Tensor

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.execution.view import GraphView
from scalegmn.nn.positional_encoding import NodeEncoding, Nodes


class NodeIdentity(NodeEncoding):
    """:math:`h + p` with a learned vector for each single node, hidden nodes included.

    Hidden nodes of one layer are no longer treated alike, so that no permutation symmetry is left.

    Args:
        graph: the architecture, hidden widths included, of all that will be read.
        d: width of node features.

    Raises:
        ValueError: on use, if the networks have another number of nodes.
    """

    def __init__(self, graph: NetworkGraph, d: int) -> None:
        super().__init__(graph.num_nodes, d)
        self.num_types = int(graph.node_types.max()) + 1  # of the graphs that are read

    def forward(self, h: Nodes, view: GraphView) -> tuple[Nodes, Float[Tensor, "1 node d"]]:
        p = self.table.repeat(view.num_graphs, 1).unsqueeze(0)
        if p.shape[1] != view.num_nodes:
            raise ValueError(
                f"this metanetwork tells {len(self.table)} nodes apart; got networks with "
                f"{view.num_nodes / view.num_graphs:g}"
            )
        return h + p, p

    def encode(self, role: Role, h: Nodes, p: Tensor, view: GraphView) -> Nodes:
        return h + p
