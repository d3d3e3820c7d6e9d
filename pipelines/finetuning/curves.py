"""The training curves of one network of a stack."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch.loggers import TensorBoardLogger

from pipelines.run import Run
from scalegmn.formats import atomic_path


@dataclass(frozen=True)
class Point:
    """What was measured in one epoch.

    Args:
        epoch: its number, from 0.
        step: steps of the optimizer so far.
        train_loss: cross-entropy on training images, while training.
        val_loss: cross-entropy on validation images.
        val_accuracy: fraction of validation images.
    """

    epoch: int
    step: int
    train_loss: float
    val_loss: float
    val_accuracy: float

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics under the names that a fit gives them."""
        return {
            "train/loss": self.train_loss,
            "val/accuracy": self.val_accuracy,
            "val/loss": self.val_loss,
        }


def write_curves(run: Run, folder: Path, curve: Sequence[Point], lr: float) -> None:
    """Leave ``metrics.csv`` and TensorBoard events, as a fit does.

    Args:
        run: whether it has a logger decides about the latter.
        folder: where to.
        curve: the epochs.
        lr: the learning rate.
    """
    if not curve:
        return
    rows = [{"epoch": p.epoch, "step": p.step, "lr": lr, **p.metrics} for p in curve]
    with atomic_path(folder / "metrics.csv") as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    if run.cfg.logger:
        logger = TensorBoardLogger(save_dir=folder, name="", version="")
        for point in curve:
            logger.log_metrics({"epoch": point.epoch, **point.metrics}, point.step)
        logger.finalize("success")
