"""Cut weights into edge blocks, and put them together again."""

from collections.abc import Sequence
from itertools import groupby

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from scalegmn.graph.groups import EdgeBlock


def full_shape(parts: Sequence[EdgeBlock]) -> tuple[int, ...]:
    """The shape of a parameter, by all of its blocks."""
    rows = max(part.row + part.shape[0] for part in parts)
    columns = max(part.column + sum(part.shape[1:2]) for part in parts)
    first = parts[0].shape
    return (rows, columns, *first[2:]) if len(first) > 1 else (rows,)


def parts_of(blocks: Sequence[EdgeBlock]) -> dict[str, tuple[EdgeBlock, ...]]:
    """The blocks of each parameter."""
    parts: dict[str, tuple[EdgeBlock, ...]] = {}
    for block in blocks:
        parts[block.weight] = (*parts.get(block.weight, ()), block)
    return parts


def take_block(weight: Tensor, block: EdgeBlock, shape: Sequence[int], axis: int) -> Tensor:
    """The part of a weight that a block is.

    Args:
        weight: the parameter, behind the axes of the batch.
        block: one of its blocks.
        shape: of the parameter.
        axis: number of axes of the batch.
    """
    if tuple(shape) == block.shape:
        return weight
    part = weight.narrow(axis, block.row, block.shape[0])
    return part.narrow(axis + 1, block.column, block.shape[1]) if len(block.shape) > 1 else part


def join_blocks(parts: Sequence[EdgeBlock], tensors: Sequence[Tensor]) -> Tensor:
    """The inverse of :func:`take_block` for all blocks of a weight, in the order of its rows."""
    if len(tensors) == 1:
        return tensors[0]
    axis = tensors[0].ndim - len(parts[0].shape)
    rows = []
    for _, row in groupby(zip(parts, tensors, strict=True), key=lambda pair: pair[0].row):
        columns = [tensor for _, tensor in row]
        rows.append(columns[0] if len(columns) == 1 else torch.cat(columns, dim=axis + 1))
    return rows[0] if len(rows) == 1 else torch.cat(rows, dim=axis)


def pad_kernels(kernels: Float[Tensor, "*batch edge k"], edge_dim: int) -> Tensor:
    """Kernels with zeros up to this size."""
    # Padding by nothing would copy, and joining the blocks copies once more.
    missing = edge_dim - kernels.shape[-1]
    return F.pad(kernels, (0, missing)) if missing else kernels
