"""Score a network once, and prune the lowest scores."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.methods.candidate import Candidate
from pipelines.run import Run
from scalegmn.arguments import check_whole
from scalegmn.pruning import Allocation, Batches, Mask, Score, balanced, make_mask, make_nested_mask

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

    Raises:
        ValueError: if there is no such gauge, or ``min_per_layer`` is no count.
    """

    def __init__(
        self,
        *,
        name: str,
        score: Score,
        allocate: Allocation,
        gauge: str = "raw",
        min_per_layer: int = 0,
    ) -> None:
        if gauge not in GAUGES:
            raise ValueError(f"selection.gauge={gauge}: expected one of {', '.join(GAUGES)}")
        check_whole("selection.min_per_layer", min_per_layer, least=0)
        self.name = name
        self.score = score
        self.allocate = allocate
        self.gauge = gauge
        self.min_per_layer = min_per_layer

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
        for sparsity in sparsities:
            yield Candidate(sparsity, net, self.mask(scores, sparsity, within), epochs)

    def scores(self, net: nn.Module, images: Batches) -> dict[str, Tensor]:
        """The scores of a network, in the chosen gauge.

        Args:
            net: what to score.
            images: training batches.
        """
        if self.gauge == "raw":
            return self.score(net, images)
        example = torch.zeros_like(next(iter(images))[0][:1], device="cpu")
        return self.score(balanced(net, example), images)

    def mask(
        self, scores: Mapping[str, Tensor], sparsity: float, within: Mask | None = None
    ) -> Mask:
        """The mask that prunes the lowest scores, of those that another mask keeps."""
        options: Any = {"allocate": self.allocate, "min_per_layer": self.min_per_layer}
        if within is None:
            return make_mask(scores, sparsity, **options)
        return make_nested_mask(scores, sparsity, within, **options)
