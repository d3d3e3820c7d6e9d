"""The structure that networks must share to be read by one metanetwork."""

from functools import lru_cache

from scalegmn.graph.groups import Role
from scalegmn.graph.network_graph import NetworkGraph


@lru_cache(maxsize=64)
def structure(graph: NetworkGraph) -> str:
    """What positional encodings and widths are made for, in words; hidden widths are free."""
    size = {role: sum(g.size for g in graph.groups if g.role is role) for role in Role}
    hidden = sum(group.role is Role.HIDDEN for group in graph.groups)
    joined = " ".join(f"{block.source}-{block.target}" for block in graph.blocks)
    return (
        f"{size[Role.INPUT]} inputs, {hidden} hidden layers, {size[Role.OUTPUT]} outputs and "
        f"kernels of at most {graph.edge_dim} weights (layers {joined})"
    )
