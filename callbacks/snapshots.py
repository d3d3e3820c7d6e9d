"""Keep what a network was at the end of each epoch."""

from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn


class Snapshots(Callback):
    """Copy the network's parameters at the end of every so many epochs.

    Copies are on the CPU and part of the checkpoint, so that a resumed fit has those of earlier
    sessions::

        snapshots:
          _target_: callbacks.Snapshots
          every_n_epochs: 1

    Args:
        every_n_epochs: epochs between two copies.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        taken: parameters by name, the oldest first.
        steps: optimizer steps until each was taken.

    Raises:
        ValueError: if ``every_n_epochs`` is below 1.
    """

    def __init__(self, every_n_epochs: int = 1, *, net: str = "net") -> None:
        if every_n_epochs < 1:
            raise ValueError(f"every_n_epochs must be at least 1, got {every_n_epochs}")
        self.taken: list[dict[str, Tensor]] = []
        self.steps: list[int] = []
        self.every_n_epochs = every_n_epochs
        self.net = net

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if (trainer.current_epoch + 1) % self.every_n_epochs == 0:
            self.taken.append(copied(pl_module.get_submodule(self.net)))
            self.steps.append(trainer.global_step)

    def state_dict(self) -> dict[str, Any]:
        return {"taken": self.taken, "steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.taken, self.steps = list(state_dict["taken"]), list(state_dict["steps"])


def copied(net: nn.Module) -> dict[str, Tensor]:
    """A network's parameters by name, on the CPU."""
    return {name: p.detach().cpu().clone() for name, p in net.named_parameters()}
