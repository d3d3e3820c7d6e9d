"""Many small CNNs, trained at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Float32, Int64
from torch import Tensor

from scalegmn.formats.layout import Layout
from scalegmn.zoo.builders import noise
from scalegmn.zoo.builders.hyperparameters import Hyperparameters
from scalegmn.zoo.builders.images import ImageSplits, LabelledImages
from scalegmn.zoo.builders.stacked_cnn import (
    ACTIVATIONS,
    Dropout,
    grouped,
    stacked_logits,
    unfolded,
)
from scalegmn.zoo.builders.update_rules import StackedOptimizer

METRICS = tuple(f"{s}_{kind}" for s in ("test", "train", "val") for kind in ("accuracy", "loss"))
# Images that one network is evaluated on at once: what fits a core's cache.
EVALUATED = 256


@dataclass(frozen=True)
class Trajectories:
    """Networks at their checkpoints.

    Args:
        weights: rows of a zoo.
        metrics: in the order of :data:`METRICS`; losses are cross-entropies.
    """

    weights: Float32[Tensor, "k checkpoints p"]
    metrics: Float[Tensor, "k checkpoints 6"]


@dataclass(frozen=True)
class StackedTraining:
    """Trains networks that see equally many images and have one activation.

    A network depends on its hyper-parameters alone, up to rounding: not on the networks trained
    beside it.

    Args:
        images: to train and to evaluate on, where the networks are to be.
        layout: of the networks' rows.
        batch_size: images per step; an incomplete last batch is dropped, as the zoo did.
        checkpoints: epochs, ascending; the last ends the training.
        l1: weight of the sum of absolute weights in the loss; biases are free.
    """

    images: ImageSplits
    layout: Layout
    batch_size: int
    checkpoints: Sequence[int]
    l1: float = 0.0

    def run(
        self,
        hyper: Sequence[Hyperparameters],
        rows: Float32[Tensor, "k p"],
        keep: Bool[Tensor, "k p"] | None = None,
    ) -> Trajectories:
        """Train networks from given rows.

        Args:
            hyper: of each network.
            rows: the networks at the start.
            keep: which of their parameters are trained; the others are zero and stay so.
        """
        group = _Group(self, hyper, rows, keep)
        saved = []
        for epoch in range(self.checkpoints[-1] + 1):
            if epoch:
                group.train(epoch)
            if epoch in self.checkpoints:
                saved.append((group.rows.detach().clone(), group.measured()))
        weights, metrics = (torch.stack(part, 1).cpu() for part in zip(*saved, strict=True))
        return Trajectories(weights, metrics)


class _Group:
    """The state of networks in training."""

    def __init__(
        self,
        training: StackedTraining,
        hyper: Sequence[Hyperparameters],
        rows: Tensor,
        keep: Tensor | None,
    ) -> None:
        self.images, self.layout = training.images, training.layout
        device = self.images.train.x.device

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device)[:, None]

        (activation,) = {h.activation for h in hyper}
        (fraction,) = {h.train_fraction for h in hyper}
        self.activation = ACTIVATIONS[activation]
        self.convolve = unfolded if device.type == "cuda" else grouped
        self.rows = rows.to(device).clone()
        self.pruned = None if keep is None else ~keep.to(device)
        self.seeds = torch.tensor([h.random_seed for h in hyper], device=device)
        rates = column([h.dropout for h in hyper])[:, 0]
        self.dropout = _Dropout(self.seeds, rates) if rates.any() else None
        kernels = torch.cat([torch.full((v.size,), v.kind == "kernel") for v in self.layout])
        # The gradient of l2reg times the sum of squares.
        self.decay = 2 * column([h.l2reg for h in hyper]) * kernels.to(device)
        self.l1 = training.l1 * kernels.to(device) if training.l1 else None
        self.optimizer = StackedOptimizer(
            self.rows, [h.optimizer for h in hyper], [h.learning_rate for h in hyper]
        )
        total = len(self.images.train)
        order = noise.shuffled(self.seeds, total, stream=noise.SUBSET, time=0)
        self.subset = order[:, : max(1, int(total * fraction))]
        self.batch_size = min(training.batch_size, self.subset.shape[1])

    def train(self, epoch: int) -> None:
        """One pass over each network's images."""
        n = self.subset.shape[1]
        order = noise.shuffled(self.seeds, n, stream=noise.ORDER, time=epoch)
        shuffled = self.subset.gather(1, order)
        for start in range(0, n - self.batch_size + 1, self.batch_size):
            self._step(shuffled[:, start : start + self.batch_size])

    def measured(self) -> Float[Tensor, "k 6"]:
        """Accuracy and loss on all splits, in the order of :data:`METRICS`."""
        images = self.images
        parts = (images.test.in_batches, _subset_in_batches(images.train, self.subset))
        return torch.cat([self._measured(p) for p in (*parts, images.val.in_batches)], dim=1)

    def _step(self, index: Int64[Tensor, "k b"]) -> None:
        if self.dropout is not None:
            self.dropout.time = self.optimizer.steps
        x, y = self.images.train.batch(index)
        self.rows.requires_grad_()
        loss = _cross_entropies(self._logits(x, self.dropout), y).mean(1).sum()
        (gradient,) = torch.autograd.grad(loss, self.rows)
        self.rows.requires_grad_(False)
        gradient.addcmul_(self.decay, self.rows)
        if self.l1 is not None:
            gradient.addcmul_(self.l1, self.rows.sign())
        if self.pruned is not None:
            gradient.masked_fill_(self.pruned, 0)
        self.optimizer.step(gradient)

    @torch.no_grad()
    def _measured(self, batches: Callable[[int], Iterator[tuple[Tensor, Tensor]]]) -> Tensor:
        k = len(self.rows)
        right = torch.zeros(k, dtype=torch.int64, device=self.rows.device)
        loss = torch.zeros(k, dtype=torch.float64, device=self.rows.device)
        count = 0
        for x, y in batches(EVALUATED):
            x, y = x.expand(k, *x.shape[1:]), y.expand(k, -1)
            logits = self._logits(x)
            right += (logits.argmax(2) == y).sum(1)
            loss += _cross_entropies(logits, y).sum(1)
            count += y.shape[1]
        return torch.stack([right / count, loss / count], dim=1)

    def _logits(self, x: Tensor, dropout: Dropout | None = None) -> Tensor:
        return stacked_logits(
            self.rows,
            x,
            layout=self.layout,
            activation=self.activation,
            convolve=self.convolve,
            dropout=dropout,
        )


class _Dropout:
    """Each network's own, which depends on its seed and the step."""

    def __init__(self, seeds: Int64[Tensor, " k"], rates: Float[Tensor, " k"]) -> None:
        self.seeds, self.rates = seeds, rates
        self.scale = 1 / (1 - noise.rounded(rates))
        self.time = 0

    def kept(self, layer: int, n: int) -> Float[Tensor, "k n"]:
        stream = noise.DROPOUT + layer
        return noise.kept(self.seeds, self.rates, n, stream=stream, time=self.time)


def _subset_in_batches(
    train: LabelledImages, subset: Int64[Tensor, "k n"]
) -> Callable[[int], Iterator[tuple[Tensor, Tensor]]]:
    return lambda size: (train.batch(part) for part in subset.split(size, dim=1))


def _cross_entropies(
    logits: Float[Tensor, "k b classes"], y: Int64[Tensor, "k b"]
) -> Float[Tensor, "k b"]:
    return F.cross_entropy(logits.flatten(0, 1), y.flatten(), reduction="none").view(y.shape)
