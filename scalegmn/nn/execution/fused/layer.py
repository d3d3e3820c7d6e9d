"""A layer of the published variant, forwards and backwards, without autograd."""

from typing import Any, TypeGuard

import torch
import torch.nn.functional as F
from torch import Tensor, mm, nn

from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.edge_update import ScaleEqEdgeUpdate
from scalegmn.nn.execution.fused.edge_maps import EdgeMaps
from scalegmn.nn.execution.fused.gradients import Gradients, Places, Weights, sums_at
from scalegmn.nn.execution.fused.index import LayerIndex
from scalegmn.nn.execution.fused.per_role import RowsByRole, rows_by_role
from scalegmn.nn.execution.fused.rows import MLPTail, is_mlp, unit_backward
from scalegmn.nn.layer import Layer
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.nn.unit import inverse_length

Saved = Any


class Messages:
    """The sums of the messages along the edges.

    Args:
        functions: of the products of edges and senders, by role of the receivers.
        gamma: the place of the senders' map.
    """

    def __init__(self, functions: RowsByRole, gamma: int) -> None:
        self.functions = functions
        self.gamma = gamma

    def forward(
        self, w: Weights, h: Tensor, mapped: Tensor, index: LayerIndex
    ) -> tuple[Tensor, Saved]:
        """What each node receives."""
        sent = F.linear(h, w[self.gamma]).index_select(0, index.source)
        values, kept = self.functions.forward(w, mapped * sent, index.into)
        return sums_at(index.target, values, len(h)), (h, mapped, sent, kept)

    def backward(
        self,
        w: Weights,
        saved: Saved,
        grad: Tensor,
        index: LayerIndex,
        grads: Gradients,
        into: Tensor,
    ) -> Tensor:
        """The gradient of what edges were mapped to; that of nodes is added in place."""
        h, mapped, sent, kept = saved
        at_edges = grad.index_select(0, index.target)
        back = self.functions.backward(w, kept, at_edges, index.into, grads)
        of_sent = sums_at(index.source, mapped * back, len(h))
        grads.add_linear(self.gamma, None, of_sent, h)
        into.addmm_(of_sent, w[self.gamma])
        return back.mul_(sent)


class EdgeGate:
    r"""UPD of edges, :math:`(\Gamma e_{st}) \odot \psi([c(h_s), c(h_t)])`, given :math:`\Gamma e`.

    Args:
        upd: the update.
        at: places of its parameters.
    """

    def __init__(self, upd: ScaleEqEdgeUpdate, at: Places) -> None:
        self.source, self.target = (at[weight] for weight in upd.psi.weights)
        self.bias = at[upd.psi.bias]
        self.tail = MLPTail(upd.psi, at)

    def forward(
        self, w: Weights, h: Tensor, mapped: Tensor, index: LayerIndex
    ) -> tuple[Tensor, Saved]:
        """New features of the edges that are kept."""
        inverse = inverse_length(h)
        form = h * inverse
        hidden = F.linear(form, w[self.source], w[self.bias]).index_select(0, index.source)
        hidden += F.linear(form, w[self.target]).index_select(0, index.target)
        gate, tail = self.tail.forward(w, hidden)
        return (mapped * gate)[index.kept], (form, inverse, mapped, gate, tail)

    def backward(
        self,
        w: Weights,
        saved: Saved,
        grad: Tensor,
        index: LayerIndex,
        grads: Gradients,
        into: Tensor,
    ) -> Tensor:
        """The gradient of what edges were mapped to; that of nodes is added in place."""
        form, inverse, mapped, gate, tail = saved
        if index.kept is not None and len(grad) < len(gate):
            grad = F.pad(grad, (0, 0, index.kept.start, len(gate) - index.kept.stop))
        hidden = self.tail.backward(w, tail, grad * mapped, grads)
        at_source = sums_at(index.source, hidden, len(form))
        at_target = sums_at(index.target, hidden, len(form))
        grads.add_linear(self.source, self.bias, at_source, form)
        grads.add_linear(self.target, None, at_target, form)
        of_form = mm(at_source, w[self.source]).addmm_(at_target, w[self.target])
        unit_backward(form, inverse, of_form, into)
        return grad * gate


class FusedLayer:
    """All that a layer computes.

    Args:
        maps: of its edges: the messages' and the gate's.
        messages: None if nodes are not read afterwards.
        gate: None if edges are not read afterwards.
        updates: UPD of nodes.
        skip: the place of the skip connection's map.
    """

    def __init__(
        self,
        maps: EdgeMaps,
        messages: Messages | None,
        gate: EdgeGate | None,
        updates: RowsByRole,
        skip: int | None,
    ) -> None:
        self.maps = maps
        self.messages = messages
        self.gate = gate
        self.updates = updates
        self.skip = skip

    def forward(
        self, w: Weights, h: Tensor, e: Tensor, index: LayerIndex
    ) -> tuple[Tensor | None, Tensor | None, Saved]:
        """Features of the nodes that have an update, one role after the other, and of edges."""
        stored, e = len(e), e[index.edges]
        mapped, kept_maps = self.maps.forward(w, e)
        nodes, edges, sent, gated, updated = None, None, None, None, None
        if self.messages is not None:
            received, sent = self.messages.forward(w, h, mapped[0], index)
            x = index.rows(torch.cat([h, received], dim=1), self.updates.roles)
            nodes, updated = self.updates.forward(w, x, index.parts(self.updates.roles))
            if self.skip is not None:
                nodes += F.linear(index.rows(h, self.updates.roles), w[self.skip])
        if self.gate is not None:
            edges, gated = self.gate.forward(w, h, mapped[-1], index)
        return nodes, edges, (h, stored, kept_maps, sent, gated, updated)

    def backward(
        self,
        w: Weights,
        saved: Saved,
        of_nodes: Tensor | None,
        of_edges: Tensor | None,
        index: LayerIndex,
        grads: Gradients,
        *,
        edges_wanted: bool,
    ) -> tuple[Tensor, Tensor | None]:
        """The gradients of nodes and, if they are wanted, of edges."""
        h, stored, kept_maps, sent, gated, updated = saved
        of_h, of_mapped = None, []
        if self.messages is not None:
            assert of_nodes is not None
            roles = self.updates.roles
            of_x = self.updates.backward(w, updated, of_nodes, index.parts(roles), grads)
            of_h, of_received = index.all_rows(of_x, roles).chunk(2, dim=1)
            if self.skip is not None:
                grads.add_linear(self.skip, None, of_nodes, index.rows(h, roles))
                of_h = of_h + index.all_rows(mm(of_nodes, w[self.skip]), roles)
            of_mapped.append(self.messages.backward(w, sent, of_received, index, grads, of_h))
        if self.gate is not None:
            assert of_edges is not None
            of_h = torch.zeros_like(h) if of_h is None else of_h
            of_mapped.append(self.gate.backward(w, gated, of_edges, index, grads, of_h))
        assert of_h is not None
        back = self.maps.backward(w, kept_maps, of_mapped, grads, wanted=edges_wanted)
        if back is not None and len(back) < stored:
            back = F.pad(back, (0, 0, index.edges.start, stored - index.edges.stop))
        return of_h, back


def fused_layer(layer: nn.Module, at: Places, embedding: int | None) -> FusedLayer | None:
    """The passes of a layer; None where they are not written out."""
    if type(layer) is not Layer or layer.msg_backward is not None or len(layer.upd_edges) > 1:
        return None
    upd, msg = layer.upd, layer.msg
    updates = rows_by_role(upd.functions, at)
    if updates is None or upd.positional:
        return None
    maps, messages, gate = [], None, None
    if msg is not None:
        if not _is_message(msg) or msg.positional:
            return None
        functions = rows_by_role(msg.functions, at)
        if functions is None:
            return None
        messages = Messages(functions, at[msg.rescale_eq.gamma_node.weight])
        maps.append(at[msg.rescale_eq.gamma_edge.weight])
    for update in layer.upd_edges:
        if not _is_gate(update):
            return None
        gate = EdgeGate(update, at)
        maps.append(at[update.gamma.weight])
    skip = None if layer.skip is None else at[layer.skip.weight]
    return FusedLayer(EdgeMaps(maps, embedding), messages, gate, updates, skip)


def _is_message(msg: nn.Module) -> TypeGuard[ScaleEqMessage]:
    return type(msg) is ScaleEqMessage


def _is_gate(upd: nn.Module) -> TypeGuard[ScaleEqEdgeUpdate]:
    return (
        type(upd) is ScaleEqEdgeUpdate
        and type(upd.canonical) is UnitVector
        and is_mlp(upd.psi)
        and len(upd.psi.weights) == 2
    )
