"""Linear maps of the same edge features, computed as one."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, mm

from scalegmn.nn.execution.fused.gradients import Gradients, Weights


class Mapped(NamedTuple):
    """What :class:`EdgeMaps` keeps: the edges, all maps below each other, with the embedding."""

    edges: Tensor
    maps: Tensor
    folded: Tensor


class EdgeMaps:
    """Linear maps without biases.

    Args:
        maps: their places.
        embedding: the place of the map that makes features out of kernels; None if the edges are
            features.
    """

    def __init__(self, maps: Sequence[int], embedding: int | None) -> None:
        self.maps = maps
        self.embedding = embedding

    def forward(self, w: Weights, edges: Tensor) -> tuple[Sequence[Tensor], Mapped]:
        """One value of each edge per map."""
        maps = torch.cat([w[k] for k in self.maps])
        folded = maps if self.embedding is None else mm(maps, w[self.embedding])
        values = F.linear(edges, folded).split_with_sizes([len(w[k]) for k in self.maps], dim=1)
        return values, Mapped(edges, maps, folded)

    def backward(
        self,
        w: Weights,
        saved: Mapped,
        grads_of: Sequence[Tensor],
        grads: Gradients,
        *,
        wanted: bool,
    ) -> Tensor | None:
        """The gradient of the edges, if it is wanted."""
        back = torch.cat(list(grads_of), dim=1)
        if grads.wanted:
            own = mm(back.t(), saved.edges)
            if self.embedding is not None:
                grads.add(self.embedding, mm(saved.maps.t(), own))
                own = mm(own, w[self.embedding].t())
            for place, part in zip(
                self.maps, own.split_with_sizes([len(w[k]) for k in self.maps]), strict=True
            ):
                grads.add(place, part)
        return mm(back, saved.folded) if wanted else None
