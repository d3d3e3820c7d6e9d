"""Follow signals through an operation between two layers."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import torch
from torch import Tensor
from torch.utils._pytree import tree_map_only

from scalegmn.graph.advice import advice
from scalegmn.graph.arithmetic import arithmetic
from scalegmn.graph.concatenation import concatenation
from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR
from scalegmn.graph.operations import (
    BY_ARGUMENTS,
    CONCATENATIONS,
    DROPOUTS,
    ELEMENTWISE,
    EXTREMES,
    LAYOUTS,
    POOLS,
    PRODUCTS,
    REDUCTIONS,
    SHAPES_OF_OTHERS,
    SOFTMAXES,
    SUMS,
    elementwise_freedom,
)
from scalegmn.graph.recording import Call
from scalegmn.graph.signal import ZERO, Outcome, Signal, locate


def propagate(call: Call, signals: Sequence[Signal | None]) -> Outcome | None:
    """Follow the signals of the tensor arguments of a call, None for constants.

    Returns:
        None if the result depends on no signal.

    Raises:
        ValueError: the operation joins layers or mixes channels, or is not known.
    """
    if call.name in SHAPES_OF_OTHERS:
        signals = signals[:1]
    followed = [signal for signal in signals if signal is not None]
    if not followed:
        return None
    if any(signal.mixed for signal in followed):
        return _after_mixing(call, followed)
    if call.name in SUMS | PRODUCTS | EXTREMES:
        return arithmetic(call, signals)
    if call.name in CONCATENATIONS:
        return concatenation(call, signals)
    if len(followed) > 1:
        raise ValueError(
            f"{call.label}: joins {len(followed)} signals; sums, products and concatenations may"
        )
    if signals[0] is not None:
        if ZERO in signals[0].index and call.name not in LAYOUTS:
            raise ValueError(f"{call.label}: acts on channels padded with zeros; add them first")
        for names, rule in RULES:
            if call.name in names:
                return rule(call, signals[0])
    raise ValueError(f"{call.label}: not supported; {advice(call.name)}")


def _after_mixing(call: Call, followed: Sequence[Signal]) -> Outcome:
    # Only the network's output may come after: any function of it has the same symmetries.
    first = next(signal for signal in followed if signal.mixed)
    if len({frozenset(signal.index) for signal in followed}) > 1:
        raise ValueError(first.mixed)
    return Outcome(first.index, (first,) * len(call.outputs), ANY_FACTOR)


def _elementwise(call: Call, signal: Signal) -> Outcome:
    freedom = elementwise_freedom(call)
    if not call.result.is_floating_point():
        raise ValueError(f"{call.label}: its result has dtype {call.result.dtype}, not a float")
    return Outcome(signal.index, (signal,), freedom)


def _layout(call: Call, signal: Signal) -> Outcome:
    if call.in_place and call.shape != tuple(call.result.shape):
        raise ValueError(f"{call.label}: changes a shape in place; use the method without _")
    # The same operation on the node of each entry shows where each node's entries go.
    nodes = signal.nodes(call.shape)
    args, kwargs = tree_map_only(Tensor, _on_cpu, (call.args[1:], call.kwargs))
    moved = call.function(nodes, *args, **kwargs)
    results = (moved,) if isinstance(moved, Tensor) else tuple(moved)
    found = tuple(
        locate(result, signal.order) or _mixed_signal(call, signal, result) for result in results
    )
    return Outcome(signal.index, found, ANY_FACTOR)


def _on_cpu(x: Tensor) -> Tensor:
    # Tensors on the meta device have no values, and only their shapes are used.
    return x if x.is_meta else x.cpu()


def _mixed_signal(call: Call, signal: Signal, result: Tensor) -> Signal:
    """The signal of a tensor along no axis of which the nodes follow one another."""
    if signal.is_input:
        # Inputs have no freedom: the first layer defines the axis that holds them.
        axis = min(1, result.ndim - 1)
        return Signal.of_input(result.shape[axis], axis)
    return replace(signal, mixed=f"{call.label}: reorders or splits channels before another layer")


def _pool(call: Call, signal: Signal) -> Outcome:
    _expect_maps(call, signal, int(call.name[-2]))
    return Outcome(signal.index, (_of_maps(call, signal),), POOLS[call.name])


def _interpolate(call: Call, signal: Signal) -> Outcome:
    _expect_maps(call, signal, len(call.shape) - 2)
    return Outcome(signal.index, (_of_maps(call, signal),), ANY_FACTOR)


def _of_maps(call: Call, signal: Signal) -> Signal:
    """The signal along axis 1, which a single node or an input need not lie along."""
    channels = call.shape[1]
    return signal.along(1, channels) or Signal.of_input(channels)


def _expect_maps(call: Call, signal: Signal, maps: int) -> None:
    fits = len(call.shape) == maps + 2 and signal.along(1, call.shape[1]) is not None
    # More than one entry of a node along the axis are maps that were flattened.
    fits = fits and len(signal.order) in (1, call.shape[1])
    if not fits and not (signal.is_input and len(call.shape) == maps + 2):
        raise ValueError(
            f"{call.label}: mixes channels of an input of shape {call.shape}; expected batch, "
            f"channels and {maps} more axes"
        )


def _reduction(call: Call, signal: Signal) -> Outcome:
    axes = call.argument(1, "dim", call.kwargs.get("axis"))
    keep = call.argument(2, "keepdim", False)
    if isinstance(axes, Tensor):
        raise ValueError(f"{call.label}: of two tensors is not supported; use torch.maximum")
    nodes = signal.nodes(call.shape)
    axes = tuple(range(nodes.ndim)) if axes is None or axes == () else axes
    least = nodes.amin(axes, keepdim=keep)
    found = locate(least, signal.order)
    if found is None or not torch.equal(least, nodes.amax(axes, keepdim=keep)):
        raise ValueError(f"{call.label}: mixes channels, which lie along axis {signal.axis}")
    return Outcome(signal.index, (found,), REDUCTIONS[call.name])


def _softmax(call: Call, signal: Signal) -> Outcome:
    axis = call.argument(1, "dim")
    if axis is not None and (axis % len(call.shape) != signal.axis or len(signal.order) == 1):
        return Outcome(signal.index, (signal,), NO_FACTOR)
    mixed = replace(signal, mixed=f"{call.label}: mixes channels before another layer")
    return Outcome(signal.index, (mixed,), NO_FACTOR)


def _pad(call: Call, signal: Signal) -> Outcome:
    widths = call.argument(1, "pad")
    constant = call.argument(2, "mode", "constant") == "constant"
    zero = constant and not call.argument(3, "value", 0)
    ends = 2 * (len(call.shape) - 1 - signal.axis)
    before, after = (*widths, *[0] * 2 * len(call.shape))[ends : ends + 2]
    if not (before or after):
        freedom = ANY_FACTOR if zero or not constant else NO_FACTOR
        return Outcome(signal.index, (signal,), freedom)
    if len(signal.order) == 1:
        return _one_node_padded(call, signal, before + after, zero or not constant)
    if not zero or min(before, after) < 0:
        raise ValueError(f"{call.label}: pads the channels, which lie along axis {signal.axis}")
    index = (ZERO,) * before + signal.index + (ZERO,) * after
    return Outcome(signal.index, (replace(signal, index=index),), ANY_FACTOR, fixed=signal.index)


def _one_node_padded(call: Call, signal: Signal, more: int, commutes: bool) -> Outcome:
    index = signal.index[:1] * (len(signal.index) + more)
    freedom = ANY_FACTOR if commutes else NO_FACTOR
    return Outcome(signal.index, (replace(signal, index=index),), freedom)


RULES: list[tuple[Collection[str], Callable[[Call, Signal], Outcome]]] = [
    ({*ELEMENTWISE, *DROPOUTS, *BY_ARGUMENTS}, _elementwise),
    (LAYOUTS, _layout),
    (POOLS, _pool),
    ({"interpolate", "upsample"}, _interpolate),
    (REDUCTIONS, _reduction),
    (SOFTMAXES, _softmax),
    ({"pad"}, _pad),
]
