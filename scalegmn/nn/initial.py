"""Initial values with which features keep their size."""

import torch
from torch import nn

from scalegmn.nn.gates import Gate, Gated, MixedGate, RowFunction
from scalegmn.nn.messages import ProductMessage
from scalegmn.nn.updates import GatedEdgeUpdate


@torch.no_grad()
def preserve_size(module: nn.Module) -> None:
    r"""Let what a metanetwork multiplies begin with the size that it has in the network it reads.

    With the usual bounds, a gated map :math:`(W x) \odot \mathrm{gate}` shrinks features and a
    product :math:`(W_e e) \odot (W_v h)` shrinks them once more: after three layers edge features
    are some fifty times smaller than kernels, and the fixed biases of the outputs' MLPs hide what
    is left. Here gates begin around 1, linear maps keep norms on average, and the norm of a product
    is on average the product of the norms: an edge feature begins as long as its kernel, and a node
    feature about as long as the signal that the network itself propagates.

    Symmetries do not depend on initial values.

    Args:
        module: has gated maps and messages, which are initialised again.
    """
    for part in module.modules():
        if isinstance(part, Gated):
            keep_norm(part.linear)
            _open(part.gate)
        elif isinstance(part, GatedEdgeUpdate):
            keep_norm(part.linear)
            nn.init.ones_(part.psi.last.bias)
        elif isinstance(part, ProductMessage):
            keep_norm(part.edge)
            # A product of two vectors of length 1 has length 1 / sqrt(d).
            keep_norm(part.node, gain=part.node.out_features**0.5)


def keep_norm(linear: nn.Linear, gain: float = 1.0) -> None:
    """Draw weights such that ``linear`` multiplies norms by ``gain`` on average (their squares)."""
    nn.init.normal_(linear.weight, std=gain / linear.out_features**0.5)


def _open(gate: RowFunction) -> None:
    for part in gate.modules() if isinstance(gate, MixedGate) else [gate]:
        if isinstance(part, Gate):
            nn.init.ones_(part.phi.last.bias)
