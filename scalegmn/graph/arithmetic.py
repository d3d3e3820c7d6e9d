"""Sums and products of signals, numbers and constants."""

from collections.abc import Sequence

import torch
from torch import Tensor

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE, Freedom
from scalegmn.graph.operations import EXTREMES, PRODUCTS, SUMS
from scalegmn.graph.recording import Call
from scalegmn.graph.signal import ZERO, Outcome, Signal, locate


def arithmetic(call: Call, signals: Sequence[Signal | None]) -> Outcome:
    """Follow the signals through a sum, product or extreme of entries.

    Args:
        call: of an operation of two operands.
        signals: of its tensor operands, None for constants.

    Raises:
        ValueError: the operands cannot share nodes, or a constant has a value per channel.
    """
    followed = [(x, s) for x, s in zip(call.inputs, signals, strict=True) if s is not None]
    shape = call.result.shape
    maps = [s.nodes(x.shape).broadcast_to(shape) for x, s in followed]
    found = [locate(nodes, s.order) for nodes, (_, s) in zip(maps, followed, strict=True)]
    first = found[0]
    if first is None or any(s is None or not _aligned(first, s) for s in found):
        raise ValueError(f"{call.label}: joins different channels of {tuple(shape)}")
    for x, constant in zip(call.inputs, signals, strict=True):
        if constant is None and not _shared_by_channels(x, first, call.result.ndim):
            raise ValueError(
                f"{call.label}: its other operand differs between channels; a value for each must "
                "be a parameter: give it the shape (c, 1, 1) for maps, (c,) for vectors"
            )
    if len(followed) == 2 and not torch.equal(*maps):
        return _joined(call, [x for x, _ in followed], [s for s in found if s is not None])
    return Outcome(first.index, (first,), _freedom(call, [x for x, _ in followed]))


def _aligned(a: Signal, b: Signal) -> bool:
    return a.axis == b.axis and len(a.index) == len(b.index)


def _joined(call: Call, tensors: Sequence[Tensor], signals: Sequence[Signal]) -> Outcome:
    """The outcome of two operands with nodes of their own."""
    a, b = signals
    if a.is_input or b.is_input:
        raise ValueError(
            f"{call.label}: joins 2 signals, one of them the network's input, whose channels have "
            "no freedom; pass the input through a convolution or linear layer first"
        )
    pairs = [(i, j) for i, j in zip(a.index, b.index, strict=True) if i != j]
    if call.name in SUMS | EXTREMES:
        together = tuple(j if i == ZERO else i for i, j in zip(a.index, b.index, strict=True))
        same = tuple(dict.fromkeys((i, j) for i, j in pairs if ZERO not in (i, j)))
        padded = tuple(max(pair) for pair in pairs if ZERO in pair)
        freedom = ANY_FACTOR if call.name in SUMS else POSITIVE
        joined = Signal(together, a.axis)
        return Outcome(a.index + b.index, (joined,), freedom, same=same, fixed=padded)
    if call.name not in ("mul", "multiply", "__imul__"):
        raise ValueError(f"{call.label}: divides by a signal of other nodes; multiply instead")
    # The gate is what is spread over the other's maps; of equals, the second.
    gate, gated = (a, b) if tensors[0].numel() < tensors[1].numel() else (b, a)
    by_node = dict.fromkeys(zip(gate.index, gated.index, strict=True))
    return Outcome(gate.index, (gated,), NO_FACTOR, gated=tuple(by_node))


def _shared_by_channels(constant: Tensor, signal: Signal, ndim: int) -> bool:
    """Whether a constant has one value for all channels; inputs may differ."""
    axis = signal.axis - (ndim - constant.ndim)
    alone = signal.is_input or len(set(signal.index)) == 1
    return alone or axis < 0 or constant.shape[axis] == 1


def _freedom(call: Call, followed: Sequence[Tensor]) -> Freedom:
    if len(followed) > 1:
        by_name = {**dict.fromkeys(SUMS, ANY_FACTOR), **dict.fromkeys(EXTREMES, POSITIVE)}
        return by_name.get(call.name, NO_FACTOR)
    if call.name in EXTREMES:
        constants = [x for x in call.inputs if x is not followed[0]]
        return NO_FACTOR if any(c.count_nonzero() for c in constants) else POSITIVE
    others = [x for x in (*call.args, *call.kwargs.values()) if isinstance(x, int | float)]
    divides = call.name not in ("mul", "multiply", "__imul__") and call.args[0] is not followed[0]
    if call.name in PRODUCTS and not divides and call.kwargs.get("rounding_mode") is None:
        return ANY_FACTOR
    return ANY_FACTOR if others == [0] else NO_FACTOR
