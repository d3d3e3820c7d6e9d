"""A run: what its stages share."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning as L
from hydra.utils import instantiate
from lightning import Callback, LightningDataModule, Trainer
from lightning.pytorch.loggers import Logger
from omegaconf import DictConfig, OmegaConf
from torch import nn

from pipelines.processes import Processes
from pipelines.run_record import RunRecord, begin_session, save_config


@dataclass(frozen=True, eq=False)
class Run:
    """The config, the folder, the data and the processes of a run.

    Attributes:
        cfg: the composed config.
        folder: of the run; stages have folders inside it.
        data: the data module, its data read.
        processes: one per device.
        net: the target, where it is given as an object; the config makes it otherwise.
        claimed: the record of this session, once it has begun.
    """

    cfg: DictConfig
    folder: Path
    data: LightningDataModule
    processes: Processes
    net: nn.Module | None = None
    claimed: list[RunRecord] = field(default_factory=list)

    def claim(self) -> None:
        """Make the folder the run's, once, before anything else is written into it.

        A run that cannot start leaves nothing.
        """
        if self.processes.is_first and not self.claimed:
            self.claimed.append(begin_session(self.folder, self.cfg.config_hash))
            save_config(self.cfg, self.folder)

    def seed(self) -> None:
        """Start a stage from the random state that the run's seed gives."""
        L.seed_everything(self.cfg.seed, workers=True, verbose=False)

    def build(self, key: str, **arguments: Any) -> Any:
        """Instantiate the config at a dotted key.

        Args:
            key: its path in the config.
            arguments: replace or complete the constructor's.
        """
        # Of a copy: instantiating resolves what other parts of the config read.
        node = OmegaConf.select(deepcopy(self.cfg), key)
        return instantiate(node, **arguments, _convert_="all")

    def trainer(
        self,
        *,
        callbacks: Sequence[Callback] = (),
        logger: Sequence[Logger] | bool = False,
        **changes: Any,
    ) -> Trainer:
        """A trainer with the run's devices and precision.

        Args:
            callbacks: of this trainer.
            logger: loggers of this trainer.
            changes: replace arguments of ``conf/trainer``.
        """
        # Built apart: the config would take callbacks for more of itself.
        make = self.build("trainer", _partial_=True)
        return make(callbacks=list(callbacks), logger=logger, **changes)

    def target(self) -> nn.Module:
        """The target network, with the initial weights that the current random state gives.

        In training mode, whatever mode it was given in: Lightning trains networks as they are.
        """
        net = self.build("target.net") if self.net is None else deepcopy(self.net)
        return net.train()
