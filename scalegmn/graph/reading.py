"""Read and verify the graph of a module."""

from torch import Tensor, nn

from scalegmn.graph.fold import fold_batch_norm, has_batch_norm
from scalegmn.graph.network_graph import NetworkGraph
from scalegmn.graph.readable import refuse_plain_norms, refuse_unreadable
from scalegmn.graph.tracing import trace
from scalegmn.graph.verification import verify_folding, verify_symmetries


def read_graph(
    module: nn.Module, example_input: Tensor, *, input_feature: float, verify: bool
) -> NetworkGraph:
    """Read and verify a graph, see :meth:`NetworkGraph.from_module`."""
    if example_input.ndim < 2:
        raise ValueError(
            f"example_input has shape {tuple(example_input.shape)}; expected a batch of inputs"
        )
    refuse_unreadable(module)
    refuse_plain_norms(module)
    normed = has_batch_norm(module)
    plain = fold_batch_norm(module, example_input) if normed else module
    groups, blocks = trace(plain, example_input)
    graph = NetworkGraph(tuple(groups), tuple(blocks), input_feature)
    if verify:
        if normed:
            verify_folding(module, plain, example_input)
        verify_symmetries(plain, graph, example_input)
    return graph
