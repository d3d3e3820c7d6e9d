"""The dense network: given, found, or trained now; the first stage of every pruning run."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lightning import LightningDataModule
from omegaconf import DictConfig
from torch import nn

from callbacks import StopOnDivergence
from lightning_modules.classifier import Classifier
from lightning_modules.schedule import OptimizerFactory, Schedule
from pipelines.data import build_data
from pipelines.evaluation import dense_row
from pipelines.fit import Budget, fit
from pipelines.lock import locked
from pipelines.metadata import metadata, saw_validation
from pipelines.pretrained import pretrained
from pipelines.recipe import recipe_data, recipe_hash
from pipelines.run import Run
from pipelines.stage import announced, once
from pipelines.target_check import first_batch
from pipelines.trial import epoch_reports
from reporting import DenseRow
from scalegmn.formats import atomic_path, save_network
from scalegmn.graph import fold_batch_norm

log = logging.getLogger(__name__)

FILE = "dense.safetensors"


@dataclass(frozen=True)
class DenseTraining:
    """The recipe of a dense network.

    Args:
        optimizer: makes an optimizer for its parameters.
        scheduler: of its learning rate.
        max_epochs: how long it is trained.
        gradient_clip_val: the largest norm of the gradient; ``None`` for any.
        label_smoothing: of the training loss.
        monitor: the metric of the epoch whose weights are kept.
        monitor_mode: whether that has its ``min`` or ``max``.
        data: settings of the data that differ from the run's.
    """

    optimizer: OptimizerFactory
    scheduler: Schedule
    max_epochs: int
    gradient_clip_val: float | None
    label_smoothing: float
    monitor: str
    monitor_mode: Literal["min", "max"]
    data: dict[str, Any]

    def module(self, net: nn.Module, *, first_epoch: int = 0) -> Classifier:
        """What trains a network by this recipe.

        Args:
            net: the network.
            first_epoch: epochs that it was trained for before.
        """
        return Classifier(
            net,
            optimizer=self.optimizer,
            scheduler=self.scheduler,
            label_smoothing=self.label_smoothing,
            first_epoch=first_epoch,
        )

    @property
    def budget(self) -> Budget:
        """How long it is trained, and which of its epochs is the best."""
        return Budget(self.max_epochs, self.gradient_clip_val, self.monitor, self.monitor_mode)


@dataclass(frozen=True)
class Dense:
    """The network to prune.

    Attributes:
        net: the network.
        row: how good it is.
    """

    net: nn.Module
    row: DenseRow


def dense_network(run: Run) -> Dense:
    """The network to prune, which every method gets alike.

    It is ``target.weights`` where that is given; else the one that was trained before with the same
    recipe, on the same data and split, by any run, and kept in ``paths.dense_dir``; else it is
    trained there now. The run keeps a copy.

    Raises:
        FileNotFoundError: if ``target.weights`` is no file.
        ValueError: if it does not fit the target.
    """
    given = run.cfg.target.weights
    file = Path(given) if given else run.folder / FILE
    if given is None:
        with announced(run.processes, f"dense network: {_plan(run)}"):
            if not run.processes.broadcast(file.exists()):
                _find_or_train(run, file)
    run.seed()
    net = pretrained(run.target(), weights=str(file))
    if run.cfg.fold_batch_norm:
        net = fold_batch_norm(net, first_batch(run.data)[0][:1].cpu())
    saw = saw_validation(given, run.cfg)
    row = once(
        run,
        run.folder / "dense" / "row.json",
        lambda: vars(dense_row(run, net, saw_validation=saw)),
        keys=("test_acc", "hash"),
    )
    return Dense(net, DenseRow(**row))


def shared_folder(cfg: DictConfig) -> Path:
    """Where the dense network of this recipe, data and split is kept for all runs."""
    return Path(cfg.paths.dense_dir) / f"{cfg.target.name}_{cfg.data.name}_{recipe_hash(cfg)}"


def train_dense(run: Run, folder: Path) -> None:
    """Train the target by the recipe ``dense`` of the config, and leave ``dense.safetensors``.

    Args:
        run: gives the recipe.
        folder: of the stage.
    """
    recipe: DenseTraining = run.build("dense")
    run.seed()
    module = recipe.module(run.target())
    is_own = folder == run.folder  # Not one that runs share.
    reports = epoch_reports(run, recipe.monitor, recipe.monitor_mode) if is_own else []
    fit(
        run,
        module,
        recipe.budget,
        folder=folder,
        label=f"dense {run.cfg.target.name}",
        data=dense_data(run),
        callbacks=[StopOnDivergence(), *reports],
        # A checkpoint that was given is one of the method's own training.
        ckpt_path=run.cfg.ckpt_path if is_own else None,
    )
    if run.processes.is_first:
        own = {"method": "dense", "sparsity": "0"}
        save_network(folder / FILE, module.net.state_dict(), {**metadata(run.cfg), **own})
    run.processes.barrier()


def _find_or_train(run: Run, file: Path) -> None:
    folder = shared_folder(run.cfg)
    with shared(run, folder):
        if not run.processes.broadcast((folder / FILE).exists()):
            train_dense(run, folder)
            if run.processes.is_first:
                shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        pretrained(run.target(), weights=str(folder / FILE))  # It may be damaged.
        if run.processes.is_first:
            run.claim()
            copy(folder / FILE, file)
        run.processes.barrier()


@contextmanager
def shared(run: Run, folder: Path) -> Iterator[None]:
    """Hold the lock of a folder that runs share, waiting for whoever works in it."""
    with ExitStack() as stack:
        if run.processes.is_first:
            stack.enter_context(locked(folder, wait=True))
        run.processes.barrier()
        yield
        run.processes.barrier()


def copy(source: Path, target: Path) -> None:
    """Copy a file, whole or not at all."""
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)


def _plan(run: Run) -> str:
    cfg = run.cfg
    if (shared_folder(cfg) / FILE).exists():
        return f"{cfg.target.name}, trained before in {shared_folder(cfg)}"
    epochs = f"training {cfg.target.name} on {cfg.data.name} for {cfg.dense.max_epochs} epochs"
    return f"{epochs} in {shared_folder(cfg)}, for this and later runs (or give target.weights=)"


def dense_data(run: Run) -> LightningDataModule:
    """The run's images, in the batches of the recipe."""
    data = recipe_data(run.cfg)
    return run.data if data == run.cfg.data else build_data(data)
