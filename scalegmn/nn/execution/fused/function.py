"""The operation that autograd sees."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.func import functional_call

from scalegmn.graph.groups import Role
from scalegmn.nn.execution.fused.gradients import Gradients
from scalegmn.nn.execution.fused.network import FusedNetwork, Graph
from scalegmn.nn.execution.fused.program import prepared
from scalegmn.nn.execution.view import GraphView

if TYPE_CHECKING:
    from scalegmn.nn.backbone import Backbone

Result = tuple[dict[Role, Tensor], tuple[Tensor, ...]]


class Job(NamedTuple):
    """What is computed.

    Attributes:
        network: the passes.
        graph: on which.
        by_layers: the same, layer by layer, from features and parameters.
    """

    network: FusedNetwork
    graph: Graph
    by_layers: Callable[..., Sequence[Tensor | None]]


def fused(
    backbone: "Backbone", views: Sequence[GraphView], x_V: Tensor, x_E: Tensor
) -> Result | None:
    """The result of a metanetwork's layers; None where its passes are not written out.

    Args:
        backbone: the metanetwork.
        views: one per layer.
        x_V: features of nodes (1, node, 1).
        x_E: features of edges (1, edge, edge_dim).
    """
    index = [view.index for view in views]
    layers = tuple(layer for layer in index if layer is not None)
    if len(layers) < len(views) or _watched(x_V):
        return None
    found = prepared(backbone)
    if found is None or found.params[0].dtype is not x_V.dtype:
        return None

    def by_layers(x_V: Tensor, x_E: Tensor, *params: Tensor) -> list[Tensor | None]:
        values = dict(zip(found.names, params, strict=True))
        by_role, edges = functional_call(backbone, values, (views, x_V, x_E, False))
        nodes = [by_role[role] for role in found.network.roles]
        return [torch.cat(nodes, dim=1) if nodes else None, *edges]

    job = Job(found.network, Graph(layers, views[0].node_types), by_layers)
    nodes, edges = _Fused.apply(job, x_V, x_E, *found.params)
    by_role = {}
    if nodes is not None:
        parts = layers[-1].parts(found.network.roles)
        each = nodes.split_with_sizes([rows.stop - rows.start for _, rows in parts], dim=1)
        by_role = {role: values for (role, _), values in zip(parts, each, strict=True)}
    return by_role, () if edges is None else (edges,)


def _watched(x: Tensor) -> bool:
    """Whether something has to see every operation, or changes what it does."""
    return (
        x.dtype not in (torch.float32, torch.float64)
        or torch.compiler.is_compiling()
        or torch.is_autocast_enabled(x.device.type)
        or torch._C._are_functorch_transforms_active()
    )


class _Fused(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, job: Job, x_V: Tensor, x_E: Tensor, *params: Tensor
    ) -> tuple[Tensor | None, ...]:
        with torch._C._AutoDispatchBelowAutograd():
            nodes, edges, saved = job.network.forward(params, x_V[0], x_E[0], job.graph)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(x_V, x_E, *params)
        ctx.job, ctx.saved = job, saved
        results = nodes, edges
        ctx.shapes = [None if x is None else x.shape for x in results]
        return tuple(None if x is None else x.unsqueeze(0) for x in results)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():  # create_graph=True
            return (None, *_differentiable(ctx, grads))
        x_V, x_E, *params = ctx.saved_tensors
        rows = [_rows(x_V, shape, g) for shape, g in zip(ctx.shapes, grads, strict=True)]
        found = Gradients(len(params), wanted=any(ctx.needs_input_grad[3:]))
        wanted = ctx.needs_input_grad[1:3]
        job = ctx.job
        with torch._C._AutoDispatchBelowAutograd():
            of_V, of_E = job.network.backward(
                params, ctx.saved, *rows, job.graph, found, wanted=wanted
            )
        of_x = [None if g is None else g.unsqueeze(0) for g in (of_V, of_E)]
        return None, *of_x, *found.sums


def _differentiable(ctx: Any, grads: Sequence[Tensor | None]) -> list[Tensor | None]:
    """The gradients as functions of everything, through autograd."""
    tensors = ctx.saved_tensors
    wanted = [t for t, needed in zip(tensors, ctx.needs_input_grad[1:], strict=True) if needed]
    values = ctx.job.by_layers(*tensors)
    pairs = [(v, g) for v, g in zip(values, grads, strict=False) if v is not None and g is not None]
    found = iter(
        torch.autograd.grad(
            [value for value, _ in pairs],
            wanted,
            [grad for _, grad in pairs],
            create_graph=True,
            allow_unused=True,
        )
    )
    return [next(found) if needed else None for needed in ctx.needs_input_grad[1:]]


def _rows(like: Tensor, shape: Sequence[int] | None, grad: Tensor | None) -> Tensor | None:
    """The gradient of a result as rows, zeros if nobody read it."""
    if shape is None:
        return None
    return like.new_zeros(shape) if grad is None else grad[0]
