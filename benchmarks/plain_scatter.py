"""The arithmetic of the published layers, as a baseline: same parameters, same results.

Node features are gathered by ``edge_index`` before they are mapped, the branches of hidden nodes,
inputs and outputs are all computed on all rows and combined with masks, and messages are added by
scatter. Forward direction, positive scaling and signs, which is what the published operators and
the ReLU predictor use.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph, Role
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn.backbone import Backbone
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.edge_update import ScaleEqEdgeUpdate
from scalegmn.nn.layer import Layer
from scalegmn.nn.mlp import MLP
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.positional_encoding import Equivariant, Multiplied
from scalegmn.nn.readout import LastLayer
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.nn.scale_inv import RowFunction, ScaleInv


class Plain:
    """A ScaleGMN on a batch of networks side by side, as the published code computes it.

    Args:
        gnn: holds the parameters.
        graph: the architecture.
        num_networks: how many there are.
    """

    def __init__(self, gnn: Backbone, graph: NetworkGraph, num_networks: int = 1) -> None:
        self.gnn = gnn
        shift = graph.num_nodes * torch.arange(num_networks)
        index = graph.edge_index[:, None, :] + shift[:, None]
        self.source, self.target = index.reshape(2, -1)
        self.types = graph.node_types.repeat(num_networks)
        roles = graph.node_roles.repeat(num_networks)
        self.masks = {role: (roles == role).unsqueeze(-1) for role in Role}
        self.edge_masks = {role: mask[self.target] for role, mask in self.masks.items()}

    def __call__(self, x_V: Tensor, x_E: Tensor) -> tuple[Tensor, Tensor]:
        """Node features (node, d) and edge features (edge, d) after the last layer."""
        gnn = self.gnn
        h, e = self._encode(gnn.init_nodes(x_V)), gnn.init_edges(x_E)
        for layer in gnn.layers:
            assert isinstance(layer, Layer)
            msg, upd = layer.msg, layer.upd
            assert isinstance(msg, ScaleEqMessage)
            z = msg.rescale_eq(e, h[self.source])
            sent = self._branches(msg.functions, z, self.edge_masks)
            received = torch.zeros_like(h).index_add(0, self.target, sent)
            new = self._branches(upd.functions, torch.cat([h, received], dim=-1), self.masks)
            if layer.skip is not None:
                new = new + layer.skip(h)
            e = self._edges(layer, e, h)
            h = new
        return h, e

    def _encode(self, h: Tensor) -> Tensor:
        encoding = self.gnn.encode_nodes
        p = encoding.table[self.types]
        if isinstance(encoding, Equivariant):
            hidden = _function(encoding.function, h, p)
        else:
            assert isinstance(encoding, Multiplied)
            hidden = h * p
        return torch.where(self.masks[Role.HIDDEN], hidden, h + p)

    def _branches(self, functions: PerRole, x: Tensor, masks: dict[Role, Tensor]) -> Tensor:
        """Every branch on every row; a branch that was not built is paid for with another's."""
        built = functions[functions.roles[-1]]
        all_roles = [functions[role] if role in functions else built for role in Role]
        terms = [masks[r] * _function(f, x) for r, f in zip(Role, all_roles, strict=True)]
        return terms[0] + terms[1] + terms[2]

    def _edges(self, layer: Layer, e: Tensor, h: Tensor) -> Tensor:
        for update in layer.upd_edges:
            assert isinstance(update, ScaleEqEdgeUpdate)
            form = update.canonical
            ends = [_canonical(form, h[self.source]), _canonical(form, h[self.target])]
            e = update.gamma(e) * _mlp(update.psi, torch.cat(ends, dim=-1))
        return e


def plain_operator(operator: Operator, graph: NetworkGraph, x_V: Tensor, x_E: Tensor) -> tuple:
    """What the operator adds to node and edge features of one network."""
    return Plain(operator.gnn, graph)(x_V, x_E)


def plain_editor(
    plain: Plain, operator: Operator, graph: NetworkGraph, params: dict[str, Tensor]
) -> dict[str, Tensor]:
    """The new parameters of a batch of networks, with a learned factor per layer."""
    x_V, x_E = graph.features(params)
    d_V, d_E = plain(x_V.flatten(0, 1), x_E.flatten(0, 1))
    assert operator.node_scale is not None and operator.edge_scale is not None
    node_scale = operator.node_scale[graph.bias_of_node.clamp(min=0)].unsqueeze(-1)
    edge_scale = operator.edge_scale[graph.block_of_edge].unsqueeze(-1)
    return graph.parameters(
        x_V + d_V.view_as(x_V) * node_scale, x_E + d_E.view_as(x_E) * edge_scale
    )


def plain_functional(
    functional: Functional, graph: NetworkGraph, x_V: Tensor, x_E: Tensor
) -> Tensor:
    """The value of a functional with a last-layer readout, for a batch of networks."""
    batch = x_V.shape[0]
    h, _ = Plain(functional.gnn, graph, batch)(x_V.flatten(0, 1), x_E.flatten(0, 1))
    assert isinstance(functional.readout, LastLayer)
    outputs = h.view(batch, graph.num_nodes, -1)[:, graph.node_slices[-1]]
    return functional.readout.mlp(outputs.flatten(1))


def _canonical(form: nn.Module, x: Tensor) -> Tensor:
    if isinstance(form, UnitVector):
        return x / (x.norm(dim=-1, keepdim=True) + 1e-10)
    return form(x)


def _mlp(mlp: MLP, x: Tensor) -> Tensor:
    return mlp.last(mlp.activate(F.linear(x, torch.cat(list(mlp.weights), dim=-1), mlp.bias)))


def _function(function: RowFunction, x: Tensor, a: Tensor | None = None) -> Tensor:
    if isinstance(function, ScaleEq):
        return function.gamma(x) * _function(function.scale_inv, x, a)
    assert isinstance(function, ScaleInv)
    form = _canonical(function.canonical, x)
    return _mlp(function.rho, form if a is None else torch.cat([form, a], dim=-1))
