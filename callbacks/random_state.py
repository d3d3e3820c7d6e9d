"""Continue random numbers where a stopped fit left off."""

from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor


class RandomState(Callback):
    """Give every rank its own random numbers, and save PyTorch's generators in checkpoints.

    Ranks are seeded alike, so that they make the same model; their images must not share dropout
    masks. Rank 0 draws what a fit on one process draws. A resumed fit draws the same numbers as the
    uninterrupted one, on every rank that was there before::

        random_state:
          _target_: callbacks.RandomState
    """

    def __init__(self) -> None:
        self._trainer: Trainer | None = None
        self._saved: dict[str, Tensor] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self._trainer = trainer

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The model is made by now, and the loops' iterators, which may draw numbers, are not.
        _leave_common_seed(trainer.global_rank)
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


def _leave_common_seed(rank: int) -> None:
    if rank > 0:
        # Mixed, because the sum of seed and rank is the seed of another run of a sweep.
        mixed = np.random.SeedSequence([torch.initial_seed(), rank]).generate_state(1)[0]
        torch.manual_seed(int(mixed))


def _restore(states: dict[str, Tensor], trainer: Trainer) -> None:
    if trainer.global_rank >= len(states["cpu"]):
        return  # There were fewer ranks before.
    # Copies: PyTorch reads the state from the start of the memory that a view is a part of.
    own = {name: state[trainer.global_rank].cpu().clone() for name, state in states.items()}
    torch.set_rng_state(own["cpu"])
    if "cuda" in own and trainer.strategy.root_device.type == "cuda":
        torch.cuda.set_rng_state(own["cuda"], trainer.strategy.root_device)
