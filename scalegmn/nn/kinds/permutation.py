"""Permutations only."""

from collections.abc import Iterable
from dataclasses import dataclass

from scalegmn.graph.groups import Freedom, Role
from scalegmn.nn.canonical import Identity
from scalegmn.nn.edge_update import EdgeUpdate, MLPEdgeUpdate
from scalegmn.nn.io_branch import IOBranch
from scalegmn.nn.kinds.symmetry import Kind
from scalegmn.nn.message import Message
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.mlp_message import MLPMessage
from scalegmn.nn.per_role import PerRole
from scalegmn.nn.scale_inv import RowFunction, ScaleInv
from scalegmn.nn.widths import Widths


@dataclass(frozen=True)
class Permutation(Kind):
    """Permutations only: a plain graph metanetwork (GMN).

    Reference: Kofinas et al., 2024, arXiv:2403.12143; Lim et al., 2023, arXiv:2312.04501.
    """

    self_inverse = True

    def admits(self, freedom: Freedom) -> bool:
        return True

    def message(self, spec: MessageSpec) -> Message:
        if spec.positional:
            raise ValueError(
                "positional=True needs a scale symmetry; a GMN sums its positional encodings"
            )
        return MLPMessage(spec.mlp([spec.d, spec.d], spec.d), spec.roles)

    def bounded_message(self, spec: MessageSpec) -> Message:
        return spec.message()

    def update(
        self, w: Widths, io: IOBranch, d_in: list[int], d_out: int, roles: Iterable[Role]
    ) -> PerRole:
        function = self.scale_inv(w, d_in, d_out)
        return PerRole(dict.fromkeys(roles, function))

    def edge_update(self, w: Widths, d_out: int) -> EdgeUpdate:
        return MLPEdgeUpdate(w.mlp([w.d] * 3, d_out))

    def scale_inv(self, w: Widths, d_in: list[int], d_out: int) -> RowFunction:
        return ScaleInv(Identity(), w.mlp(d_in, d_out))
