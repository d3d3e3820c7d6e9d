"""Sweeps over big graphs that keep nothing between the forward and the backward pass.

Autograd would keep some fifty tensors as long as the edges are many. Here the bands are cut into
chunks of rows; the forward pass writes each chunk's results into their place, and the backward pass
computes the chunk again, on a CPU one chunk per core. Peak memory is the features in, the features
out and a few chunks.
"""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import TreeSpec, tree_flatten, tree_unflatten

from scalegmn.nn.execution.bands import BlockBand, Gathered, OnEdges, Piece
from scalegmn.nn.execution.diagonal_band import DiagonalBand
from scalegmn.nn.execution.parallel import in_parallel
from scalegmn.nn.execution.random_state import Random

# So many numbers of one feature tensor stay in a core's cache,
CHUNK = 1 << 18
# and so many are worth the launches on a GPU, which has no use for less.
CHUNK_ON_GPU = 1 << 22

Chunk = BlockBand | DiagonalBand


@dataclass(frozen=True)
class Job:
    """One layer's sweep.

    Attributes:
        bands: cover the edges, in order.
        on_edges: the layer's edge functions.
        num_params: parameters of the layer, which come first among the tensors.
        spec: how the other tensors nest: edges, source terms, target terms.
    """

    bands: Sequence[Chunk]
    on_edges: OnEdges
    num_params: int
    spec: TreeSpec

    def nest(self, tensors: Sequence[Tensor | None]) -> tuple[tuple[Any, ...], Any, Any]:
        """Edges, source terms and target terms; None stays None."""
        return tree_unflatten(list(tensors[self.num_params :]), self.spec)


@torch.compiler.disable  # chunks are many: a compiled caller would unroll them all
def sweep(
    bands: Iterable[Chunk],
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

    Raises:
        RuntimeError: under a transform of ``torch.func``.
    """
    if torch._C._are_functorch_transforms_active():
        raise RuntimeError(REFUSED.format(what="no transforms of torch.func"))
    batch, width = edges[0].shape[0], max(e.shape[-1] for e in edges)
    most = CHUNK if edges[0].device.type == "cpu" else CHUNK_ON_GPU
    chunks = [chunk for band in bands for chunk in band.split(max(1, most // (batch * width)))]
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
        enabled, dtype = torch.is_autocast_enabled(device), torch.get_autocast_dtype(device)
        ctx.autocast = device, enabled, dtype
        edges, source, target = job.nest(tensors)

        def run(band: Chunk) -> Piece:
            with torch.no_grad(), torch.autocast(device, dtype=dtype, enabled=enabled):
                return band.run(job.on_edges, edges, source, target)

        num_edges = max((band.updated.stop for band in job.bands if band.updated), default=0)
        out = _Buffers(_first(source, target).shape[1], num_edges)
        random = Random.now(device)
        out.write(job.bands[0], run(job.bands[0]))
        # Where dropout is drawn, the backward pass has to draw the same, in the same order.
        ctx.random = None if random.is_now() else random
        ctx.num_threads = 1 if device != "cpu" or ctx.random else torch.get_num_threads()
        pieces = in_parallel(run, job.bands[1:], ctx.num_threads)
        for band, piece in zip(job.bands[1:], pieces, strict=True):
            out.write(band, piece)
        return out.to_target, out.to_source, *out.edges

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        wanted = torch.is_grad_enabled()  # of second derivatives: create_graph=True
        with torch.no_grad():
            found = _Sweep.gradients(ctx, grads)
        return (None, *(_refused(g) for g in found)) if wanted else (None, *found)

    @staticmethod
    def gradients(ctx: Any, grads: Sequence[Tensor | None]) -> list[Tensor | None]:
        """The gradients of all tensors, each chunk computed again."""
        wanted = zip(ctx.saved_tensors, ctx.needs_input_grad[1:], strict=True)
        sums = [torch.zeros_like(t) if w else None for t, w in wanted]
        again = _Again(ctx.job, ctx.saved_tensors, sums, grads, ctx.autocast)
        with nullcontext() if ctx.random is None else ctx.random.restored():
            for pairs in in_parallel(again.gradients, ctx.job.bands, ctx.num_threads):
                for place, gradient in pairs:
                    place.add_(gradient)
        return sums


REFUSED = (
    "{what} on graphs so big that edges are computed again in the backward pass (more than "
    "scalegmn.nn.execution.dense.MANY_NUMBERS edge features): give fewer networks at once, a "
    "smaller d, or raise MANY_NUMBERS"
)


class _OnceDifferentiable(torch.autograd.Function):
    """Passes a gradient on, and refuses to be differentiated.

    ``torch.autograd.function.once_differentiable`` treats such a gradient as a constant where the
    gradient that came in was one, and so silently drops terms.
    """

    @staticmethod
    def forward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        raise RuntimeError(REFUSED.format(what="no second derivatives"))


def _refused(gradient: Tensor | None) -> Tensor | None:
    if gradient is None:
        return None
    return _OnceDifferentiable.apply(gradient.detach().requires_grad_())


@dataclass(frozen=True)
class _Again:
    """Computes a band again, and differentiates it.

    Attributes:
        job: the sweep.
        tensors: its parameters and inputs.
        sums: where their gradients are summed up; None where nobody wants them.
        grads: of the sweep's results.
        autocast: device, whether it was on, and its type.
    """

    job: Job
    tensors: Sequence[Tensor | None]
    sums: Sequence[Tensor | None]
    grads: Sequence[Tensor | None]
    autocast: tuple[str, bool, torch.dtype]

    def gradients(self, band: Chunk) -> list[tuple[Tensor, Tensor]]:
        """What a band contributes, each gradient with the place that it is to be added to."""
        leaves, spec = tree_flatten(band.gather(*self.job.nest(self.tensors)))
        places, _ = tree_flatten(band.gather(*self.job.nest(self.sums)))  # views into the sums
        leaves = [
            leaf if place is None else leaf.detach().requires_grad_()
            for leaf, place in zip(leaves, places, strict=True)
        ]
        num_params = self.job.num_params
        inputs = [*self.tensors[:num_params], *leaves]
        into = [*self.sums[:num_params], *places]
        wanted = [k for k, place in enumerate(into) if place is not None]
        device, enabled, dtype = self.autocast
        with torch.autocast(device, dtype=dtype, enabled=enabled), torch.enable_grad():
            gathered = Gathered(*tree_unflatten(leaves, spec))
            values, weights = self._results(band, band.compute(self.job.on_edges, gathered))
        if not values:
            return []
        found = torch.autograd.grad(values, [inputs[k] for k in wanted], weights, allow_unused=True)
        return [(into[k], g) for k, g in zip(wanted, found, strict=True) if g is not None]

    def _results(self, band: Chunk, piece: Piece) -> tuple[list[Tensor], list[Tensor]]:
        """The band's results that somebody reads, and their gradients."""
        parts = [piece.to_target, piece.to_source, *((band.updated, e) for e in piece.edges)]
        read = [
            (part[1], grad[:, part[0]])
            for part, grad in zip(parts, self.grads, strict=False)
            if part is not None and grad is not None
        ]
        return [value for value, _ in read], [grad for _, grad in read]


class _Buffers:
    """The results of a sweep, written band by band."""

    def __init__(self, num_nodes: int, num_edges: int) -> None:
        self.num_nodes = num_nodes
        self.num_edges = num_edges
        self.to_target: Tensor | None = None
        self.to_source: Tensor | None = None
        self.edges: tuple[Tensor, ...] = ()

    def write(self, band: Chunk, piece: Piece) -> None:
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
