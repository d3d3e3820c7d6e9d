"""Initial values with which features keep their size."""

import torch
from torch import nn

from scalegmn.nn.edge_update import ScaleEqEdgeUpdate
from scalegmn.nn.rescale_eq import ReScaleEq
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import HeteroScaleInv, RowFunction, ScaleInv


@torch.no_grad()
def preserve_size(module: nn.Module) -> None:
    r"""Initialise a metanetwork so that features keep the size that they have in its input.

    With the usual bounds, :math:`(\Gamma x) \odot \mathrm{ScaleInv}(x)` shrinks features and a
    product :math:`(\Gamma_e e) \odot (\Gamma_h h)` shrinks them once more: after three layers edge
    features are some fifty times smaller than kernels, and the fixed biases of the outputs' MLPs
    hide what is left. Here ScaleInv begins around 1, linear maps keep norms on average, and the
    norm of a product is on average the product of the norms: an edge feature begins as long as its
    kernel, and a node feature about as long as the signal that the network itself propagates.

    Symmetries do not depend on initial values.

    Args:
        module: its ScaleEq, ReScaleEq and edge updates are initialised again.
    """
    for part in module.modules():
        if isinstance(part, ScaleEq):
            keep_norm(part.gamma)
            _open(part.scale_inv)
        elif isinstance(part, ScaleEqEdgeUpdate):
            keep_norm(part.gamma)
            nn.init.ones_(part.psi.last.bias)
        elif isinstance(part, ReScaleEq):
            keep_norm(part.gamma_edge)
            # A product of two vectors of length 1 has length 1 / sqrt(d).
            keep_norm(part.gamma_node, gain=part.gamma_node.out_features**0.5)


def keep_norm(linear: nn.Linear, gain: float = 1.0) -> None:
    """Draw weights such that ``linear`` multiplies norms by ``gain`` on average (their squares)."""
    nn.init.normal_(linear.weight, std=gain / linear.out_features**0.5)


def _open(gate: RowFunction) -> None:
    for part in gate.modules() if isinstance(gate, HeteroScaleInv) else [gate]:
        if isinstance(part, ScaleInv):
            nn.init.ones_(part.rho.last.bias)
