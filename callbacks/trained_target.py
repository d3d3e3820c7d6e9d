"""A network to prune for runs that are not given one."""

import shutil
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import nn
from torch.optim import Optimizer

from callbacks.inner_training import InnerTraining
from callbacks.protocols import offering_target
from scalegmn.formats import load_state, save_network


class TrainedTarget(Callback):
    """Trains the target before anything else happens, and keeps it as ``dense.safetensors``.

    A run that is resumed finds it there::

        trained_target:
          _target_: callbacks.trained_target.TrainedTarget
          inner: ${inner}
          optimizer: {_target_: torch.optim.Adam, _partial_: true, lr: 3e-3}
          max_epochs: 30
          folder: ${paths.run_dir}
          weights: ${target.weights}
          metadata: ${metadata}

    Args:
        inner: does the training.
        optimizer: makes an optimizer for the target's parameters.
        scheduler: how its learning rate changes; ``None`` for not at all.
        max_epochs: how long.
        folder: the run's.
        weights: the file that the target came from; nothing is trained if there is one.
        metadata: what the network's file says about it.
    """

    def __init__(
        self,
        inner: InnerTraining,
        *,
        optimizer: Callable[..., Optimizer],
        scheduler: Any = None,
        max_epochs: int,
        folder: str | Path,
        weights: str | None,
        metadata: Mapping[str, str],
    ) -> None:
        self.inner = inner
        self.optimizer = optimizer
        self.scheduler = scheduler
        self.max_epochs = max_epochs
        self.folder = Path(folder)
        self.weights = weights
        self.metadata = metadata

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage != "fit" or self.weights is not None:
            return
        target = offering_target(pl_module).target
        file = self.folder / "dense.safetensors"
        if not trainer.strategy.broadcast(file.exists()):
            self._train(trainer, deepcopy(target).requires_grad_(True), file)
        target.load_state_dict(load_state(file, target))

    def _train(self, trainer: Trainer, net: nn.Module, file: Path) -> None:
        module = self.inner.classifier(net, optimizer=self.optimizer, scheduler=self.scheduler)
        folder = self.folder / "dense"
        self.inner.fit(trainer, module, folder=folder, max_epochs=self.max_epochs)
        if trainer.is_global_zero:
            own = {"method": "dense", "sparsity": "0"}
            save_network(file, net.state_dict(), {**self.metadata, **own})
            shutil.rmtree(folder / "checkpoints")
        trainer.strategy.barrier()
