"""Training and evaluating networks while the run of another trainer goes on."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.seed import isolate_rng
from torch import nn

from callbacks.metrics_csv import MetricsCSV
from callbacks.progress import FitProgress
from callbacks.random_state import RandomState
from pipelines.best_weights import load_best
from reporting import DenseRow


@dataclass(frozen=True)
class Quality:
    """How a network does on one split.

    Args:
        loss: cross-entropy.
        accuracy: fraction of images.
    """

    loss: float
    accuracy: float


class InnerTraining:
    """Fits and evaluates networks on the data of an outer trainer.

    A fit that was killed continues from its own last checkpoint. All fits start from the same
    random state, so that they see the same batches, and leave the outer one as it was.

    Args:
        trainer: makes a trainer from callbacks, a logger and a number of epochs.
        classifier: makes a module from a network, an optimizer factory and a scheduler.
        seed: of every fit.
        logger: makes a logger from ``save_dir``; ``None`` for none.
    """

    def __init__(
        self,
        trainer: Callable[..., Trainer],
        classifier: Callable[..., LightningModule],
        *,
        seed: int,
        logger: Callable[..., Logger] | None = None,
    ) -> None:
        self.trainer = trainer
        self.classifier = classifier
        self.seed = seed
        self.logger = logger

    def fit(
        self,
        outer: Trainer,
        module: LightningModule,
        *,
        folder: Path,
        max_epochs: int,
        callbacks: Sequence[Callback] = (),
    ) -> int:
        """Train a module of :attr:`classifier` and leave it with its best weights by ``val/loss``.

        Args:
            outer: the trainer whose run goes on.
            module: what to train.
            folder: where ``checkpoints/`` and ``metrics.csv`` go; what is there is continued.
            max_epochs: when to stop at the latest.
            callbacks: for this fit, besides the usual ones.

        Returns:
            The number of epochs it was trained for.
        """
        checkpoints = folder / "checkpoints"
        last = checkpoints / "last.ckpt"
        usual = [
            RandomState(),
            MetricsCSV(folder / "metrics.csv"),
            FitProgress(f"{folder.parent.name}/{folder.name}", lines=0),
            _checkpoint(checkpoints, "best", monitor="val/loss"),
            _checkpoint(checkpoints, "last", monitor=None),
        ]
        with self._inside(outer) as data:
            trainer = self.trainer(
                max_epochs=max_epochs,
                callbacks=[*callbacks, *usual],
                logger=False if self.logger is None else self.logger(save_dir=folder),
            )
            ckpt_path = last if outer.strategy.broadcast(last.exists()) else None
            trainer.fit(module, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
            load_best(trainer, module)
        # Not current_epoch, which is one less when a finished fit is resumed.
        progress: Any = trainer.fit_loop.epoch_progress.current
        return progress.processed

    def evaluate(self, outer: Trainer, net: nn.Module, split: Literal["val", "test"]) -> Quality:
        """Loss and accuracy of a network on a split."""
        with self._inside(outer) as data:
            trainer = self.trainer(logger=False, enable_checkpointing=False)
            run = {"val": trainer.validate, "test": trainer.test}[split]
            (metrics,) = run(self.classifier(net), datamodule=data, verbose=False)
        return Quality(metrics[f"{split}/loss"], metrics[f"{split}/accuracy"])

    def dense_row(self, outer: Trainer, net: nn.Module, *, saw_validation: bool) -> DenseRow:
        """How a network does before pruning."""
        val, test = (self.evaluate(outer, net, split) for split in ("val", "test"))
        return DenseRow(
            test_acc=test.accuracy,
            val_acc=val.accuracy,
            val_loss=val.loss,
            parameters=sum(p.numel() for p in net.parameters()),
            saw_validation=saw_validation,
        )

    @contextmanager
    def _inside(self, outer: Trainer) -> Iterator[LightningDataModule]:
        data: LightningDataModule | None = getattr(outer, "datamodule", None)
        if data is None:
            raise ValueError("fit the outer module with a datamodule: inner fits share its data")
        with isolate_rng():
            torch.manual_seed(self.seed)
            try:
                yield data
            finally:
                data.trainer = outer


def _checkpoint(folder: Path, name: str, *, monitor: str | None) -> ModelCheckpoint:
    return ModelCheckpoint(
        dirpath=folder,
        filename=name,
        monitor=monitor,
        enable_version_counter=False,
        # After validation, the callbacks and the schedulers, so that a resumed fit repeats nothing.
        save_on_train_epoch_end=True,
    )
