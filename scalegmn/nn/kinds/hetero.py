"""Positive scaling of some nodes, changes of sign of others."""

from dataclasses import dataclass

from torch import nn

from scalegmn.graph.groups import Freedom
from scalegmn.nn.canonical import HeteroEdge, HeteroNode, UnitVector
from scalegmn.nn.kinds.sign import Sign
from scalegmn.nn.kinds.symmetry import GaugeKind
from scalegmn.nn.scale_inv import HeteroScaleInv, RowFunction, ScaleInv
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class Hetero(GaugeKind):
    """Each node's own symmetry: positive factors or changes of sign.

    Attributes:
        symmetrized: as in :class:`Sign`.
    """

    symmetrized: bool = True
    self_inverse = False
    reads_sign = True

    def admits(self, freedom: Freedom) -> bool:
        return freedom.positive or freedom.sign

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return HeteroNode(UnitVector(), self._sign_form(w, d))

    def edge_canonical(self, w: Widths, d: int) -> nn.Module:
        return HeteroEdge(self._sign_form(w, d))

    def scale_inv(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        positive = ScaleInv(UnitVector(), w.mlp(d_in, d_out))
        signed = self._sign_form(w, d_in[0])
        return HeteroScaleInv(positive, ScaleInv(signed, w.mlp(d_in, d_out)))

    def _sign_form(self, w: Widths, d: int) -> nn.Module:
        return Sign(self.symmetrized).canonical(w, d)
