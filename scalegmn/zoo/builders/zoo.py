"""Small CNNs, trained from sampled hyper-parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from scalegmn.arguments import check_whole
from scalegmn.formats.paths import expand_home
from scalegmn.zoo.builders.card import zoo_card
from scalegmn.zoo.builders.checks import check_counts, with_last
from scalegmn.zoo.builders.construction import Plan, Progress, construct
from scalegmn.zoo.builders.hyperparameters import Hyperparameters, Ranges
from scalegmn.zoo.builders.images import Dataset, ImageSplits
from scalegmn.zoo.builders.initial import initial_row
from scalegmn.zoo.builders.stacked_cnn import WIDTH, small_cnn_layout
from scalegmn.zoo.builders.training import StackedTraining, Trajectories
from scalegmn.zoo.record import ZooRecord


@dataclass(frozen=True, kw_only=True)
class ZooBuilder:
    """Builds a zoo in the official layout of the Small CNN Zoo.

    A network depends on the seed and its number, not on how many there are, nor, up to rounding, on
    how many are trained at once. Started again after it was stopped at any moment, it goes on, and
    the result is the same.

    Args:
        folder: where the zoo will be.
        networks: how many to train.
        ranges: of hyper-parameters.
        epochs: that each network is trained.
        checkpoints: epochs at which networks are saved and evaluated; the last always is one.
        batch_size: images per step.
        seed: of everything.
        at_once: networks that are trained together; ``None`` for what suits the device.

    Raises:
        ValueError: if there is nothing to build, or a checkpoint is after the last epoch.
    """

    folder: str | Path
    networks: int
    ranges: Ranges
    epochs: int
    checkpoints: Sequence[int]
    batch_size: int
    seed: int = 42
    at_once: int | None = None

    def __post_init__(self) -> None:
        check_counts(networks=self.networks, batch_size=self.batch_size, epochs=self.epochs)
        check_counts(at_once=self.at_once)
        check_whole("zoo.seed", self.seed, least=0)
        with_last(self.checkpoints, self.epochs)

    def build(self, images: ImageSplits, *, dataset: Dataset, progress: Progress) -> ZooRecord:
        """Build the zoo, resuming a partial build; no-op if complete.

        Args:
            images: to train and evaluate on.
            dataset: name and settings of the images.
            progress: called with the numbers of finished networks and of all.
        """
        checkpoints = with_last(self.checkpoints, self.epochs)
        layout = small_cnn_layout(images.train.x.shape[1], dataset.classes)
        hyper = [self.ranges.draw(self.seed, i) for i in range(self.networks)]
        recipe = {
            "kind": "zoo",
            "dataset": dataset.facts,
            "networks": self.networks,
            "ranges": {k: list(v) for k, v in asdict(self.ranges).items()},
            "checkpoints": checkpoints,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }
        common = {
            "config.dataset": dataset.name,
            "config.dnn_architecture": "cnn",
            "config.epochs": self.epochs,
            "config.num_layers": 3,
            "config.num_units": WIDTH,
        }
        plan = Plan(
            folder=expand_home(self.folder),
            recipe=recipe,
            layout=layout,
            hyper=hyper,
            columns=[
                {**columns(h, common), "modeldir": f"run_{i:06d}"} for i, h in enumerate(hyper)
            ],
            steps=[{"step": epoch} for epoch in checkpoints],
            checkpoints=checkpoints,
            batch_size=self.batch_size,
            train=partial(_train, hyper),
            card=zoo_card,
        )
        return construct(plan, images, at_once=self.at_once, progress=progress)


def _train(
    hyper: Sequence[Hyperparameters], training: StackedTraining, numbers: Sequence[int]
) -> Trajectories:
    some = [hyper[number] for number in numbers]
    rows = [
        initial_row(
            training.layout,
            h.w_init,
            std=h.init_std,
            generator=torch.Generator().manual_seed(h.random_seed),
        )
        for h in some
    ]
    return training.run(some, torch.stack(rows))


def columns(hyper: Hyperparameters, common: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of the metrics for a network, in alphabetical order, as in the official zoo."""
    own = {f"config.{name}": value for name, value in asdict(hyper).items()}
    return dict(sorted({**common, **own}.items()))
