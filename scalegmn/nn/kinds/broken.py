"""No symmetry at all."""

from dataclasses import dataclass

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.nn.kinds.permutation import Permutation


@dataclass(frozen=True)
class Broken(Permutation):
    """No symmetry: the functions of a GMN, with a learned encoding of each single node.

    A control for operators: neither factors of hidden units nor their permutations commute with the
    metanetwork. It reads one architecture only, hidden widths included.

    Kuipers et al., 2025, arXiv:2510.08300, find that an operator with broken symmetry can be better
    than a scale-equivariant one on CNNs; the way to break it is ours.
    """

    permutes = False

    def structure(self, graph: NetworkGraph) -> str:
        widths = [str(group.size) for group in graph.groups if group.role is Role.HIDDEN]
        return f"{super().structure(graph)}, of hidden widths {', '.join(widths) or 'none'}"
