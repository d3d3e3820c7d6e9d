"""Many networks in memory, and batches of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from scalegmn.zoo.batch import NetworkBatch


@dataclass(frozen=True)
class Networks:
    """Networks of one architecture, one row each.

    Args:
        rows: the parameters in the order of the architecture's state dict.
        shapes: of the parameters, by name.
        sign: see :class:`~scalegmn.zoo.batch.NetworkBatch`.
        label: see :class:`~scalegmn.zoo.batch.NetworkBatch`.
        sparsity: see :class:`~scalegmn.zoo.batch.NetworkBatch`.
        family: equal for networks that stem from one training run, such as its epochs and their
            pruned copies; ``None`` if unknown.
    """

    rows: Float32[Tensor, "network parameter"]
    shapes: Mapping[str, tuple[int, ...]]
    sign: Bool[Tensor, " network"]
    label: Float32[Tensor, " network"]
    sparsity: Float32[Tensor, " network"]
    family: Int64[Tensor, " network"] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: Int64[Tensor, " n"]) -> NetworkBatch:
        rows = self.rows.index_select(0, chosen)
        parts = rows.split([prod(shape) for shape in self.shapes.values()], dim=1)
        return NetworkBatch(
            {n: p.unflatten(1, s) for (n, s), p in zip(self.shapes.items(), parts, strict=True)},
            *(x.index_select(0, chosen) for x in (self.sign, self.label, self.sparsity)),
        )

    def to(self, device: torch.device) -> "Networks":
        moved = {name: getattr(self, name).to(device) for name in self.tensors}
        return replace(self, **moved)

    tensors = ("rows", "sign", "label", "sparsity")
