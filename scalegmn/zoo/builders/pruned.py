"""Networks of a zoo, pruned and fine-tuned."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from scalegmn.arguments import check_interval, check_number, check_whole
from scalegmn.formats.paths import expand_home
from scalegmn.zoo.builders.card import pruned_zoo_card
from scalegmn.zoo.builders.checks import check_counts, with_last
from scalegmn.zoo.builders.construction import Plan, Progress, construct
from scalegmn.zoo.builders.criteria import CRITERIA, keep
from scalegmn.zoo.builders.draws import Draw, columns_of, images_of
from scalegmn.zoo.builders.hyperparameters import Hyperparameters
from scalegmn.zoo.builders.images import Dataset, ImageSplits
from scalegmn.zoo.builders.stacked_cnn import ACTIVATIONS, small_cnn_layout
from scalegmn.zoo.builders.training import StackedTraining, Trajectories
from scalegmn.zoo.builders.update_rules import RULES
from scalegmn.zoo.folder import METRICS, ZooFolder
from scalegmn.zoo.metrics import need_columns
from scalegmn.zoo.record import ZooRecord
from scalegmn.zoo.records import Records
from scalegmn.zoo.steps import Steps, at_steps


@dataclass(frozen=True, kw_only=True)
class PrunedZooBuilder:
    """Builds a zoo of pruned networks from another zoo.

    Networks are drawn with replacement; of each, weights of all layers together are pruned, no
    biases, and the rest is fine-tuned with the base network's own dropout. A record of
    the pruned zoo is a network at one epoch of fine-tuning. It names the row of its base network,
    so that whoever splits the records can keep relatives together.

    Args:
        base: the folder of the zoo to draw from.
        folder: where the pruned zoo will be.
        networks: how many to draw.
        base_step: rows to draw from: ``last``, ``all``, an epoch or several.
        activation: of networks to draw, ``relu`` or ``tanh``; ``None`` for both.
        sparsity: lower and upper end; drawn uniformly.
        criteria: drawn from these: ``magnitude``, the smallest weights; ``random``; ``l1``, the
            smallest after some epochs with a penalty on absolute weights.
        l1_weight: of that penalty.
        l1_epochs: with it, before pruning.
        epochs: of fine-tuning.
        checkpoints: epochs that are recorded, 0 is before fine-tuning; the last always is one.
        optimizer: ``adam``, ``sgd`` or ``rmsprop``.
        learning_rate: of fine-tuning.
        train_fraction: of the training images to fine-tune on.
        batch_size: images per step.
        seed: of everything.
        at_once: networks that are fine-tuned together; ``None`` for what suits the device.

    Raises:
        ValueError: if a value is impossible.
    """

    base: str | Path
    folder: str | Path
    networks: int
    base_step: Steps
    activation: str | None
    sparsity: Sequence[float]
    epochs: int
    checkpoints: Sequence[int]
    optimizer: str
    learning_rate: float
    train_fraction: float
    batch_size: int
    criteria: Sequence[str] = ("magnitude",)
    l1_weight: float = 1e-4
    l1_epochs: int = 2
    seed: int = 42
    at_once: int | None = None

    def __post_init__(self) -> None:
        check_counts(networks=self.networks, batch_size=self.batch_size, epochs=self.epochs)
        check_counts(at_once=self.at_once, l1_epochs=self.l1_epochs)
        check_whole("zoo.seed", self.seed, least=0)
        with_last(self.checkpoints, self.epochs)
        check_interval("zoo.sparsity", self.sparsity, least=0, below=1)
        if not self.criteria:
            raise ValueError("zoo.criteria is empty: give at least one")
        for criterion in self.criteria:
            if criterion not in CRITERIA:
                choices = ", ".join(CRITERIA)
                raise ValueError(f"zoo.criteria: {criterion!r} is not one of {choices}")
        check_number("zoo.l1_weight", self.l1_weight, above=0)
        if self.optimizer not in RULES:
            choices = ", ".join(RULES)
            raise ValueError(f"zoo.optimizer: {self.optimizer!r} is not one of {choices}")
        if self.activation is not None and self.activation not in ACTIVATIONS:
            raise ValueError(f"zoo.activation: {self.activation!r} is not relu, tanh or null")
        check_number("zoo.learning_rate", self.learning_rate, above=0)
        check_number("zoo.train_fraction", self.train_fraction, above=0, most=1)

    def build(self, images: ImageSplits, *, dataset: Dataset, progress: Progress) -> ZooRecord:
        """Build the zoo, resuming a partial build; no-op if complete.

        Args:
            images: to fine-tune and evaluate on.
            dataset: name and settings of the images.
            progress: called with the numbers of finished networks and of all.

        Raises:
            FileNotFoundError: if there is no base zoo.
            ValueError: in one line, if the base zoo does not fit, or the folder holds another zoo.
        """
        base = ZooFolder.open(self.base)
        layout = small_cnn_layout(images.train.x.shape[1], dataset.classes)
        if base.layout != layout:
            raise ValueError(f"{base.path} holds networks for other images than {dataset.name}")
        base_images = images_of(base.path, dataset)
        table = pd.read_csv(base.path / METRICS, encoding="utf-8-sig")
        need_columns(table, ["config.dropout"], base.path / METRICS)
        draws = self._draws(base)
        hyper = [self._hyper(draw, table) for draw in draws]
        epochs = with_last(self.checkpoints, self.epochs)
        plan = Plan(
            folder=expand_home(self.folder),
            recipe={**self._recipe(base, dataset), "base_images": base_images},
            layout=layout,
            hyper=hyper,
            columns=[columns_of(i, draw, table, layout) for i, draw in enumerate(draws)],
            steps=[{"config.finetune_epoch": epoch, "step": epoch} for epoch in epochs],
            checkpoints=epochs,
            batch_size=self.batch_size,
            train=partial(self._train, base, draws, hyper),
            card=pruned_zoo_card,
        )
        return construct(plan, images, at_once=self.at_once, progress=progress)

    def _draws(self, base: ZooFolder) -> list[Draw]:
        """Each depends on the seed and its number only."""
        rows = np.flatnonzero(at_steps(base.metrics, self.base_step, "zoo.base_step"))
        records = Records(base, rows).with_activation(self.activation)
        if not len(records):
            raise ValueError(f"{base.path} has no {self.activation} networks: set zoo.activation")
        draws = []
        for number in range(self.networks):
            rng = np.random.default_rng([self.seed, number])
            row = int(rng.choice(records.rows))
            sparsity = float(rng.uniform(self.sparsity[0], self.sparsity[1]))
            seed, criterion = int(rng.integers(2**31)), str(rng.choice(self.criteria))
            draws.append(Draw(row, sparsity, seed, criterion))
        return draws

    def _recipe(self, base: ZooFolder, dataset: Dataset) -> dict[str, Any]:
        same = {k: getattr(self, k) for k in ("networks", "activation", "optimizer", "epochs")}
        return {
            "kind": "pruned zoo",
            "dataset": dataset.facts,
            "base": base.path.name,
            "base_metrics_sha256": hashlib.sha256((base.path / METRICS).read_bytes()).hexdigest(),
            "base_step": self.base_step,
            **same,
            "sparsity": list(self.sparsity),
            "criteria": list(self.criteria),
            "l1_weight": self.l1_weight,
            "l1_epochs": self.l1_epochs,
            "checkpoints": with_last(self.checkpoints, self.epochs),
            "learning_rate": self.learning_rate,
            "train_fraction": self.train_fraction,
            "batch_size": self.batch_size,
            "seed": self.seed,
        }

    def _hyper(self, draw: Draw, table: pd.DataFrame) -> Hyperparameters:
        """Of fine-tuning."""
        return Hyperparameters(
            activation=str(table["config.activation"].iat[draw.row]),
            b_init="",
            dropout=float(table["config.dropout"].to_numpy()[draw.row]),
            init_std=0.0,
            l2reg=0.0,
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            random_seed=draw.seed,
            train_fraction=self.train_fraction,
            w_init="",
        )

    def _train(
        self,
        base: ZooFolder,
        draws: Sequence[Draw],
        hyper: Sequence[Hyperparameters],
        training: StackedTraining,
        numbers: Sequence[int],
    ) -> Trajectories:
        """Prune some of the networks, and fine-tune them."""
        some, hyper = [draws[n] for n in numbers], [hyper[n] for n in numbers]
        rows = torch.stack([torch.from_numpy(base.weights[d.row].astype(np.float32)) for d in some])
        penalised = [i for i, draw in enumerate(some) if draw.criterion == "l1"]
        if penalised:
            before = replace(training, checkpoints=[self.l1_epochs], l1=self.l1_weight)
            trained = before.run([hyper[i] for i in penalised], rows[penalised])
            rows[penalised] = trained.weights[:, -1]
        masks = [keep(row, training.layout, draw) for row, draw in zip(rows, some, strict=True)]
        kept = torch.stack(masks)
        return training.run(hyper, rows.masked_fill(~kept, 0), kept)
