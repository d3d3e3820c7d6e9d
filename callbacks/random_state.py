"""Random numbers that go on where a killed run stopped."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor


class RandomState(Callback):
    """Saves the state of every rank's random number generators in checkpoints.

    A resumed run then draws the same dropout masks as the uninterrupted one::

        random_state:
          _target_: callbacks.random_state.RandomState
    """

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._saved: dict[str, Tensor] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._trainer = trainer

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The last hook before the loops make their iterators, which may draw numbers as well.
        if self._saved:
            _restore(self._saved, trainer)
            self._saved = {}

    def state_dict(self) -> dict[str, Any]:
        return {} if self._trainer is None else _gathered(self._trainer)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._saved = state_dict


def _gathered(trainer: Trainer) -> dict[str, Tensor]:
    own = {"cpu": torch.get_rng_state()}
    device = trainer.strategy.root_device
    if device.type == "cuda":
        own["cuda"] = torch.cuda.get_rng_state(device)
    everyone = [own]
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        everyone = [{} for _ in range(trainer.world_size)]
        torch.distributed.all_gather_object(everyone, own)
    return {name: torch.stack([state[name] for state in everyone]) for name in own}


def _restore(states: dict[str, Tensor], trainer: Trainer) -> None:
    # With more ranks than before, ranks share states: nothing better is known.
    own = {name: state[trainer.global_rank % len(state)].cpu() for name, state in states.items()}
    torch.set_rng_state(own["cpu"])
    if "cuda" in own and trainer.strategy.root_device.type == "cuda":
        torch.cuda.set_rng_state(own["cuda"], trainer.strategy.root_device)
