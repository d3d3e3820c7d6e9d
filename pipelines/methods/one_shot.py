"""Score a network once, and prune the lowest scores."""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.methods.candidate import Candidate
from pipelines.run import Run
from scalegmn.arguments import check_whole
from scalegmn.pruning import (
    Allocation,
    Batches,
    Mask,
    Score,
    allocate_globally,
    balanced,
    make_mask,
    make_nested_mask,
)
from scalegmn.pruning.channels import ChannelSelection

GAUGES = ("raw", "balanced")


class OneShot:
    """Prune what a score ranks lowest, to every sparsity from the same scores.

    Args:
        name: of the method.
        score: of every prunable entry, see :data:`scalegmn.pruning.Score`.
        allocate: how many entries each tensor keeps.
        gauge: in which of all equal networks the score sees the weights: ``raw``, as they are, or
            ``balanced``, in the one of least norm.
        min_per_layer: entries that each tensor keeps at least.
        channels: prunes whole channels by the scores of their weights, as ``sparsity_kind`` says;
            ``None`` for single weights.

    Raises:
        ValueError: if there is no such gauge, ``min_per_layer`` is no count, or channels are pruned
            with what is for single weights.
    """

    def __init__(
        self,
        *,
        name: str,
        score: Score,
        allocate: Allocation,
        gauge: str = "raw",
        min_per_layer: int = 0,
        channels: ChannelSelection | None = None,
    ) -> None:
        if gauge not in GAUGES:
            raise ValueError(f"selection.gauge={gauge}: expected one of {', '.join(GAUGES)}")
        check_whole("selection.min_per_layer", min_per_layer, least=0)
        if channels is not None and (
            min_per_layer or getattr(allocate, "func", allocate) is not allocate_globally
        ):
            raise ValueError(
                "selection.min_per_layer and selection/allocate are for single weights; for "
                "channels there are sparsity_kind.min_channels and sparsity_kind/norm"
            )
        self.name = name
        self.score = score
        self.allocate = allocate
        self.gauge = gauge
        self.min_per_layer = min_per_layer
        self.channels = channels

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        yield from self.prune(run, dense, sparsities)

    def prune(
        self,
        run: Run,
        net: nn.Module,
        sparsities: Sequence[float],
        *,
        epochs: int = 0,
        within: Mask | None = None,
    ) -> Iterator[Candidate]:
        """Candidates from any network.

        Args:
            run: gives the training images.
            net: what to score.
            sparsities: fractions to prune.
            epochs: epochs over the training images that it took to make ``net``.
            within: a mask of ``net``; what it prunes stays pruned.
        """
        run.seed()
        images = run.data.train_dataloader()
        scores = self.scores(net, images)
        if self.channels is None:
            # All at first: what cannot be is said before anything is fine-tuned.
            masks = [self.mask(scores, sparsity, within) for sparsity in sparsities]
        else:
            image = example_image(images)
            masks = self.channels.masks(deepcopy(net).cpu(), scores, image, sparsities)
        for sparsity, mask in zip(sparsities, masks, strict=True):
            yield Candidate(sparsity, net, mask, epochs)

    def scores(self, net: nn.Module, images: Batches) -> dict[str, Tensor]:
        """The scores of a network, in the chosen gauge.

        Args:
            net: what to score.
            images: training batches.
        """
        if self.gauge == "raw":
            return self.score(net, images)
        return self.score(balanced(net, example_image(images)), images)

    def mask(
        self, scores: Mapping[str, Tensor], sparsity: float, within: Mask | None = None
    ) -> Mask:
        """The mask that prunes the lowest scores, of those that another mask keeps."""
        options: Any = {"allocate": self.allocate, "min_per_layer": self.min_per_layer}
        if within is None:
            return make_mask(scores, sparsity, **options)
        return make_nested_mask(scores, sparsity, within, **options)


def example_image(images: Batches) -> Tensor:
    """One black image on the CPU."""
    return torch.zeros_like(next(iter(images))[0][:1], device="cpu")


def check_prunes_weights(prune: OneShot, method: str) -> None:
    """Refuse whole channels for a method that prunes step by step.

    Raises:
        ValueError: if ``prune`` prunes channels.
    """
    if prune.channels is not None:
        raise ValueError(
            f"sparsity_kind: pruner={method} prunes single weights, step by step; channels are "
            "pruned at once, by magnitude, snip, random, l1 or scalegmn_eq"
        )
