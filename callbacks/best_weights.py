"""The weights that did best on validation."""

from pathlib import Path

import torch
from lightning import LightningModule, Trainer


def load_best(trainer: Trainer, pl_module: LightningModule) -> None:
    """Give the module the weights of the trainer's best checkpoint, if it has one."""
    checkpoint = trainer.checkpoint_callback
    path = getattr(checkpoint, "best_model_path", "")
    if path and Path(path).is_file():
        content = torch.load(path, map_location=pl_module.device, weights_only=True)
        pl_module.load_state_dict(content["state_dict"])
