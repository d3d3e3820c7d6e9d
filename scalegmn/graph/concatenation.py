"""Concatenations of signals."""

from collections.abc import Sequence

from scalegmn.graph.groups import ANY_FACTOR
from scalegmn.graph.recording import Call
from scalegmn.graph.signal import ZERO, Outcome, Signal


def concatenation(call: Call, signals: Sequence[Signal | None]) -> Outcome:
    """Follow the signals into one tensor, whose next layer reads the nodes of each.

    Args:
        call: of a concatenation of tensors.
        signals: of these tensors, None for constants.

    Raises:
        ValueError: a part belongs to no nodes, or its channels lie along another axis.
    """
    ndim = call.result.ndim
    axis = call.argument(1, "dim", call.kwargs.get("axis", 0)) % ndim
    parts: list[Signal] = []
    for x, signal in zip(call.inputs, signals, strict=True):
        if signal is None:
            raise ValueError(f"{call.label}: joins a constant to the channels")
        if ZERO in signal.index:
            raise ValueError(f"{call.label}: acts on channels padded with zeros; add them first")
        parts.append(signal if signal.axis == axis else signal.along(axis, x.shape[axis]) or signal)
    if all(part.axis == axis for part in parts):
        joined = Signal(tuple(node for part in parts for node in part.index), axis)
    elif all(part == parts[0] for part in parts):
        joined = parts[0]  # along another axis, the channels stay
    else:
        raise ValueError(
            f"{call.label}: joins tensors along axis {axis}, but their channels lie along axis "
            f"{next(part.axis for part in parts if part.axis != axis)}"
        )
    return Outcome(joined.index, (joined,), ANY_FACTOR)
