"""Which weights of a zoo's networks are pruned."""

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Bool, Float32
from torch import Tensor

from scalegmn.formats.layout import Layout
from scalegmn.pruning import make_mask
from scalegmn.zoo.builders.draws import Draw

Row = Float32[Tensor, " p"]


def keep(row: Row, layout: Layout, draw: Draw) -> Bool[Tensor, " p"]:
    """A mask of the parameters that stay when weights of all layers together are pruned.

    Args:
        row: a network of the zoo.
        layout: of the row.
        draw: what is pruned: how much, by which criterion, with which seed.
    """
    parts = dict(zip(layout, row.split([v.size for v in layout]), strict=True))
    # What is not finite is left out when the zoo is assembled.
    weights = {v.layer: p.nan_to_num() for v, p in parts.items() if v.kind == "kernel"}
    mask = make_mask(CRITERIA[draw.criterion](weights, draw.seed), draw.sparsity)
    kept = [
        mask.keep[v.layer] if v.kind == "kernel" else torch.ones(v.size, dtype=torch.bool)
        for v in layout
    ]
    return torch.cat(kept)


def _magnitudes(weights: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    return {layer: weight.abs() for layer, weight in weights.items()}


def _random(weights: Mapping[str, Tensor], seed: int) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {layer: torch.rand(len(w), generator=generator) for layer, w in weights.items()}


# Of l1, the networks are trained further before, with a penalty that makes weights small.
CRITERIA: dict[str, Callable[[Mapping[str, Tensor], int], dict[str, Tensor]]] = {
    "magnitude": _magnitudes,
    "random": _random,
    "l1": _magnitudes,
}
