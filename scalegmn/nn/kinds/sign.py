"""Changes of sign."""

from dataclasses import dataclass

from torch import nn

from scalegmn.graph.groups import Freedom
from scalegmn.nn.canonical import Abs, SignSymmetrized
from scalegmn.nn.kinds.symmetry import GaugeKind
from scalegmn.nn.message import Message
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class Sign(GaugeKind):
    """Changes of sign (tanh, sine).

    Attributes:
        symmetrized: learn the canonical form, else take absolute values
            (``sign_symmetrization`` in the published configs).
    """

    symmetrized: bool = True
    self_inverse = True

    def admits(self, freedom: Freedom) -> bool:
        return freedom.sign

    def canonical(self, w: Widths, d: int) -> nn.Module:
        return SignSymmetrized(w.mlp(d, d)) if self.symmetrized else Abs()

    def bounded_message(self, spec: MessageSpec) -> Message:
        return spec.message()
