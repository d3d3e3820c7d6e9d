"""Fit one module with a trainer of its own, resuming a fit that was stopped."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.callbacks import LearningRateMonitor, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger

from callbacks import FitProgress, MetricsCSV, RandomState
from callbacks.stop_on_divergence import Diverged
from pipelines.best_weights import load_best
from pipelines.checkpoints import checkpoint_to_continue
from pipelines.run import Run
from pipelines.trial import give_up


@dataclass(frozen=True)
class Budget:
    """How long a fit lasts at most, and which of its epochs is the best.

    Args:
        max_epochs: when to stop at the latest.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.
        monitor: the metric of the best epoch; ``None`` for the last epoch.
        mode: whether the best has its minimum or its maximum.
    """

    max_epochs: int
    gradient_clip_val: float | None = None
    monitor: str | None = "val/loss"
    mode: Literal["min", "max"] = "min"


def fit(
    run: Run,
    module: LightningModule,
    budget: Budget,
    *,
    folder: Path,
    label: str,
    data: LightningDataModule | None = None,
    callbacks: Sequence[Callback] = (),
    ckpt_path: str | None = None,
) -> int:
    """Train a module in a stage's folder.

    The folder gets ``metrics.csv``, TensorBoard events and ``checkpoints/`` (best, last); a fit
    that was stopped goes on from the last one. The module is left with its best epoch's weights.

    Args:
        run: gives devices, precision and data.
        module: what to train.
        budget: how long, and what is best.
        folder: of the stage.
        label: of the progress.
        data: instead of the run's.
        callbacks: besides the usual ones.
        ckpt_path: a checkpoint to start from, where the folder has none.

    Returns:
        The number of epochs it was trained for, earlier sessions included.
    """
    usual = [RandomState(), MetricsCSV(folder / "metrics.csv"), FitProgress(label)]
    loggers = _loggers(run, folder)
    if loggers:
        usual.append(LearningRateMonitor())
    trainer = run.trainer(
        callbacks=[*callbacks, *usual, *_checkpoints(folder, budget)],
        logger=loggers or False,
        max_epochs=budget.max_epochs,
        gradient_clip_val=budget.gradient_clip_val,
        # For what Lightning saves when a job is preempted.
        default_root_dir=folder / "checkpoints",
    )
    resume(run, trainer, module, data or run.data, folder, ckpt_path)
    return epochs_done(trainer)


def fit_method(run: Run, module: LightningModule, *, callbacks: Sequence[Callback] = ()) -> Trainer:
    """Train the module of the run's own method, with the callbacks and loggers of the config.

    Args:
        run: its folder gets what :func:`fit` leaves in a stage's.
        module: what to train; it is left with its best epoch's weights.
        callbacks: besides those of the config.

    Returns:
        The trainer, done.
    """
    callbacks = [*run.build("callbacks").values(), *callbacks]
    loggers = list(run.build("logger").values())
    if loggers:
        callbacks.insert(0, LearningRateMonitor())
    trainer = run.trainer(callbacks=callbacks, logger=loggers or False)
    resume(run, trainer, module, run.data, run.folder, run.cfg.ckpt_path)
    return trainer


def resume(
    run: Run,
    trainer: Trainer,
    module: LightningModule,
    data: LightningDataModule,
    folder: Path,
    ckpt_path: str | None = None,
) -> None:
    """Fit from the folder's last checkpoint, else from a given one, else from the start."""
    last = run.processes.broadcast(checkpoint_to_continue(folder, ckpt_path, module))
    run.claim()
    with warnings.catch_warnings():
        # It does where a fit goes on.
        warnings.filterwarnings("ignore", "Checkpoint directory .* exists")
        try:
            trainer.fit(module, datamodule=data, ckpt_path=last, weights_only=True)
        except Diverged as error:
            give_up(run, str(error))
            raise
    load_best(trainer, module)


def epochs_done(trainer: Trainer) -> int:
    """The number of epochs that a fit has trained for."""
    # Not current_epoch, which is one less when a finished fit is resumed.
    progress: Any = trainer.fit_loop.epoch_progress.current
    return progress.processed


def _checkpoints(folder: Path, budget: Budget) -> list[Callback]:
    common: dict[str, Any] = {
        "dirpath": folder / "checkpoints",
        "enable_version_counter": False,
        # After validation, the callbacks and the schedulers: a resumed fit repeats nothing.
        "save_on_train_epoch_end": True,
    }
    last = ModelCheckpoint(filename="last", **common)
    if budget.monitor is None:
        return [last]
    best = ModelCheckpoint(filename="best", monitor=budget.monitor, mode=budget.mode, **common)
    # save_last of the best would only save epochs that are the best.
    return [best, last]


def _loggers(run: Run, folder: Path) -> list[TensorBoardLogger]:
    return [TensorBoardLogger(save_dir=folder, name="", version="")] if run.cfg.logger else []
