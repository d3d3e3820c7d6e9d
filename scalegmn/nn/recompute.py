"""Sweeps over big graphs that keep nothing between the forward and the backward pass.

Autograd would keep some fifty tensors as long as the edges are many. Here the bands are cut into
chunks of rows; the forward pass writes each chunk's results into their place, and the backward pass
computes the chunk again. Peak memory is the features in, the features out and one chunk.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from scalegmn.nn.bands import BlockBand, Gathered, OnEdges, Piece

# So many numbers of one feature tensor stay in a core's cache.
CHUNK = 1 << 18


@dataclass(frozen=True)
class Job:
    """One layer's sweep.

    Attributes:
        bands: cover the edges, in order.
        on_edges: the layer's edge functions.
        num_params: parameters of the layer, which come first among the tensors.
        spec: how the other tensors nest: edges, source terms, target terms.
    """

    bands: Sequence[BlockBand]
    on_edges: OnEdges
    num_params: int
    spec: TreeSpec

    def nest(self, tensors: Sequence[Tensor | None]) -> tuple[tuple[Tensor, ...], Any, Any]:
        """Edges, source terms and target terms."""
        return tree_unflatten(list(tensors[self.num_params :]), self.spec)


@torch.compiler.disable  # chunks are many: a compiled caller would unroll them all
def sweep(
    bands: Iterable[BlockBand],
    on_edges: OnEdges,
    params: Sequence[Tensor],
    edges: tuple[Tensor, ...],
    source: Any,
    target: Any,
) -> tuple[Tensor | None, Tensor | None, tuple[Tensor, ...]]:
    """Sums of messages at targets and at sources, and the new edge features.

    Args:
        bands: cover the edges, in order.
        on_edges: the layer's edge functions.
        params: what these functions learn.
        edges: streams of edge features (batch, edge, d).
        source: node terms that are gathered at sources.
        target: node terms that are gathered at targets.
    """
    batch, width = edges[0].shape[0], max(e.shape[-1] for e in edges)
    chunks = [chunk for band in bands for chunk in band.split(max(1, CHUNK // (batch * width)))]
    leaves, spec = tree_flatten((edges, source, target))
    job = Job(chunks, on_edges, len(params), spec)
    to_target, to_source, *new = _Sweep.apply(job, *params, *leaves)
    return to_target, to_source, tuple(new)


class _Sweep(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, job: Job, *tensors: Tensor | None) -> tuple[Tensor | None, ...]:
        ctx.job = job
        ctx.save_for_backward(*tensors)
        device = next(t for t in tensors if t is not None).device.type
        ctx.autocast = (device, torch.is_autocast_enabled(device), torch.get_autocast_dtype(device))
        # The same dropout in the backward pass.
        ctx.random = torch.get_rng_state(), torch.cuda.get_rng_state() if device == "cuda" else None
        edges, source, target = job.nest(tensors)
        num_edges = max((band.updated.stop for band in job.bands if band.updated), default=0)
        out = _Buffers(_first(source, target).shape[1], num_edges)
        for band in job.bands:
            out.write(band, band.run(job.on_edges, edges, source, target))
        return out.to_target, out.to_source, *out.edges

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        job, tensors = ctx.job, ctx.saved_tensors
        wanted = ctx.needs_input_grad[1:]
        sums = [torch.zeros_like(t) if w else None for t, w in zip(tensors, wanted, strict=True)]
        inputs, outputs = job.nest(tensors), job.nest(sums)
        params = [p for p, w in zip(tensors[: job.num_params], wanted, strict=False) if w]
        totals = [g for g in sums[: job.num_params] if g is not None]
        device, enabled, dtype = ctx.autocast
        with (
            torch.random.fork_rng([torch.cuda.current_device()] if device == "cuda" else []),
            torch.autocast(device, dtype=dtype, enabled=enabled),
            torch.enable_grad(),
        ):
            torch.set_rng_state(ctx.random[0])
            if ctx.random[1] is not None:
                torch.cuda.set_rng_state(ctx.random[1])
            for band in job.bands:
                _backward(band, job, inputs, outputs, grads, params, totals)
        return None, *sums


def _backward(
    band: BlockBand,
    job: Job,
    inputs: tuple[tuple[Tensor, ...], Any, Any],
    outputs: tuple[tuple[Tensor, ...], Any, Any],
    grads: Sequence[Tensor | None],
    params: list[Tensor],
    totals: list[Tensor],
) -> None:
    """Compute one band again, and add its gradients where they belong."""
    leaves, spec = tree_flatten(band.gather(*inputs))
    places, _ = tree_flatten(band.gather(*outputs))  # views into the sums
    wanted = [place is not None for place in places]
    leaves = [
        leaf.detach().requires_grad_() if want else leaf
        for leaf, want in zip(leaves, wanted, strict=True)
    ]
    piece = band.compute(job.on_edges, Gathered(*tree_unflatten(leaves, spec)))
    values, weights = [], []
    for part, grad in zip((piece.to_target, piece.to_source), grads, strict=False):
        if part is not None and grad is not None:
            values.append(part[1])
            weights.append(grad[:, part[0]])
    for value, grad in zip(piece.edges, grads[2:], strict=False):
        if grad is not None:
            values.append(value)
            weights.append(grad[:, band.updated])
    if not values:
        return
    own = [leaf for leaf, want in zip(leaves, wanted, strict=True) if want]
    got = torch.autograd.grad(values, [*params, *own], weights, allow_unused=True)
    into = [*totals, *(place for place in places if place is not None)]
    for place, grad in zip(into, got, strict=True):
        if grad is not None:
            place.add_(grad)


class _Buffers:
    """The results of a sweep, written band by band."""

    def __init__(self, num_nodes: int, num_edges: int) -> None:
        self.num_nodes = num_nodes
        self.num_edges = num_edges
        self.to_target: Tensor | None = None
        self.to_source: Tensor | None = None
        self.edges: tuple[Tensor, ...] = ()

    def write(self, band: BlockBand, piece: Piece) -> None:
        self.to_target = self._add(self.to_target, piece.to_target)
        self.to_source = self._add(self.to_source, piece.to_source)
        if not self.edges:
            self.edges = tuple(self._empty(values) for values in piece.edges)
        for buffer, values in zip(self.edges, piece.edges, strict=False):
            buffer[:, band.updated] = values

    def _empty(self, values: Tensor) -> Tensor:
        return values.new_empty(values.shape[0], self.num_edges, values.shape[-1])

    def _add(self, buffer: Tensor | None, part: tuple[slice, Tensor] | None) -> Tensor | None:
        if part is None:
            return buffer
        nodes, values = part
        if buffer is None:
            buffer = values.new_zeros(values.shape[0], self.num_nodes, values.shape[-1])
        buffer[:, nodes] += values
        return buffer


def _first(*terms: Any) -> Tensor:
    return next(t for t in tree_flatten(terms)[0] if t is not None)
