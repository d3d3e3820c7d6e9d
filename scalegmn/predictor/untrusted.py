"""Check what a predictor's file describes before anything is built of it."""

import os
from math import prod

from safetensors import safe_open

from scalegmn.graph import NetworkGraph, Role
from scalegmn.predictor.reader_config import ReaderConfig

# Of a graph in a file; VGG19 has 6,541 nodes and 2,753,728 edges.
MOST_NODES, MOST_EDGES = 2**22, 2**28


def count_values(path: str | os.PathLike[str]) -> int:
    """The number of values in a safetensors file, by its header."""
    with safe_open(path, framework="pt") as file:
        return sum(prod(file.get_slice(name).get_shape()) for name in file.keys())


def check_reader(config: ReaderConfig, graph: NetworkGraph, values: int) -> None:
    """Check that a reader is not larger than its file, so that building it cannot fill the memory.

    Args:
        config: of the reader.
        graph: that it is built for.
        values: numbers in the file's tensors.

    Raises:
        ValueError: if a size is negative, or the reader needs more values than there are.
    """
    if (least := config.least_parameters(graph)) > values:
        raise ValueError(f"its reader has more than {least} parameters, and it holds {values}")


def check_graph(graph: NetworkGraph) -> None:
    """Check that groups and blocks of a graph fit together.

    Raises:
        ValueError: naming the first part that does not fit.
    """
    roles = [group.role for group in graph.groups]
    sizes = [group.size for group in graph.groups]
    if Role.INPUT not in roles or Role.OUTPUT not in roles or not graph.blocks:
        raise ValueError("its graph has no inputs, outputs or weights")
    if min(sizes) < 1 or sum(sizes) > MOST_NODES:
        raise ValueError(f"its graph has groups of {sizes} nodes")
    for group in graph.groups:
        others = (*group.gates, *([] if group.permutes_with is None else [group.permutes_with]))
        if not all(0 <= k < len(sizes) and sizes[k] == group.size for k in others):
            raise ValueError(f"{group.name} of its graph follows groups that are not there")
    for block in graph.blocks:
        ends = block.target, block.source
        if not all(0 <= end < len(sizes) for end in ends):
            raise ValueError(f"{block.weight} of its graph joins groups that are not there")
        if (block.n_out, block.n_in) != tuple(sizes[end] for end in ends):
            raise ValueError(f"{block.weight} of its graph joins groups of other sizes")
        if min(block.row, block.column) < 0 or (block.diagonal and block.n_out != block.n_in):
            raise ValueError(f"{block.weight} of its graph has a block that is not in it")
        if min(block.shape, default=0) < 1 or prod(block.shape) % block.num_edges:
            raise ValueError(f"{block.weight} of its graph has the shape {block.shape}")
    if sum(prod(block.shape) for block in graph.blocks) > MOST_EDGES:
        raise ValueError("its graph is too large")
