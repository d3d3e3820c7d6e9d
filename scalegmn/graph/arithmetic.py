"""Sums and products of signals, numbers and constants."""

from collections.abc import Sequence

import torch
from torch import Tensor

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE, Freedom
from scalegmn.graph.operations import EXTREMES, PRODUCTS, SUMS
from scalegmn.graph.recording import Call
from scalegmn.graph.signal import Outcome, Signal, locate


def arithmetic(call: Call, signals: Sequence[Signal | None]) -> Outcome:
    """Follow the signals through a sum, product or extreme of entries.

    Args:
        call: of an operation of two operands.
        signals: of its tensor operands, None for constants.

    Raises:
        ValueError: the operands belong to different nodes, or a constant has a value per channel.
    """
    followed = [(x, s) for x, s in zip(call.inputs, signals, strict=True) if s is not None]
    if len({signal.group for _, signal in followed}) > 1:
        if call.name in SUMS:
            raise ValueError(f"{call.label}: residual additions are not supported yet")
        raise ValueError(f"{call.label}: joins {len(followed)} signals; only one path is supported")
    shape, signal = call.result.shape, followed[0][1]
    maps = [s.nodes(x.shape).broadcast_to(shape) for x, s in followed]
    found = locate(maps[0], signal)
    if found is None or any(not torch.equal(nodes, maps[0]) for nodes in maps):
        raise ValueError(f"{call.label}: joins different channels of {tuple(shape)}")
    for x, constant in zip(call.inputs, signals, strict=True):
        if constant is None and not _shared_by_channels(x, found, call.result.ndim):
            raise ValueError(f"{call.label}: its other operand differs between channels")
    return Outcome(signal.group, (found,), _freedom(call, [x for x, _ in followed]))


def _shared_by_channels(constant: Tensor, signal: Signal, ndim: int) -> bool:
    """Whether a constant has one value for all channels; inputs may differ."""
    axis = signal.axis - (ndim - constant.ndim)
    return signal.group == 0 or signal.size == 1 or axis < 0 or constant.shape[axis] == 1


def _freedom(call: Call, followed: Sequence[Tensor]) -> Freedom:
    if len(followed) > 1:
        by_name = {**dict.fromkeys(SUMS, ANY_FACTOR), **dict.fromkeys(EXTREMES, POSITIVE)}
        return by_name.get(call.name, NO_FACTOR)
    if call.name in EXTREMES:
        constants = [x for x in call.inputs if x is not followed[0]]
        return NO_FACTOR if any(c.count_nonzero() for c in constants) else POSITIVE
    others = [x for x in (*call.args, *call.kwargs.values()) if isinstance(x, int | float)]
    divides = call.name not in ("mul", "multiply") and call.args[0] is not followed[0]
    if call.name in PRODUCTS and not divides and call.kwargs.get("rounding_mode") is None:
        return ANY_FACTOR
    return ANY_FACTOR if others == [0] else NO_FACTOR
