"""Positive scaling."""

from dataclasses import dataclass

from torch import nn

from scalegmn.graph.groups import Freedom
from scalegmn.nn.canonical import UnitVector
from scalegmn.nn.kinds.symmetry import GaugeKind
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class Scale(GaugeKind):
    """Positive factors (ReLU)."""

    self_inverse = False

    def admits(self, freedom: Freedom) -> bool:
        return freedom.positive

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return UnitVector()
