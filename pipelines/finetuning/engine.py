"""Choose how networks are fine-tuned."""

from typing import Literal

import torch
from omegaconf import DictConfig
from torch import nn

from datamodules.images import ImageDataModule
from pipelines.finetuning.settings import FineTuning
from pipelines.run import Run
from scalegmn.stacked import check_elementwise, check_stackable

Engine = Literal["lightning", "stacked"]
# Arguments of the trainer that the stack obeys, or that change nothing in it.
KNOWN = {
    *("_target_", "accelerator", "devices", "num_nodes", "strategy", "precision", "plugins"),
    *("max_epochs", "gradient_clip_val", "deterministic", "default_root_dir"),
    *("limit_train_batches", "limit_val_batches", "limit_test_batches"),
    *("log_every_n_steps", "num_sanity_val_steps", "enable_model_summary"),
    "enable_progress_bar",
}
# Parameters of a network above which a stack brings nothing: one alone fills the device.
LARGE = 1_000_000


def chosen_engine(run: Run) -> Engine:
    """The engine of a run.

    Raises:
        ValueError: if ``finetune.engine=stacked`` cannot do what the config asks for, with the
            reason.
    """
    settings: FineTuning = run.build("finetune")
    if settings.engine == "lightning":
        return "lightning"
    net = run.target()
    reason = _why_not(run, settings, net)
    if settings.engine == "auto":
        large = sum(p.numel() for p in net.parameters()) > LARGE
        return "lightning" if reason or large or run.processes.number > 1 else "stacked"
    if reason:
        raise ValueError(f"finetune.engine=stacked: {reason}; give finetune.engine=lightning")
    return "stacked"


def _why_not(run: Run, settings: FineTuning, net: nn.Module) -> str | None:
    """The reason why the networks of a run cannot be fine-tuned as a stack, if there is one."""
    try:
        _check_trainer(run.cfg.trainer)
        if not isinstance(run.data, ImageDataModule):
            kind = type(run.data).__name__
            raise ValueError(f"the batches of {kind} may depend on more than seed and epoch")
        optimizer = settings.optimizer([nn.Parameter(torch.zeros(1))], lr=settings.grid[0])
        check_elementwise(optimizer)
        size = run.data.image_size
        check_stackable(net, torch.rand(2, run.data.in_channels, size, size))
    except ValueError as error:
        return str(error)
    return None


def _check_trainer(trainer: DictConfig) -> None:
    if trainer.precision not in (32, "32", "32-true"):
        raise ValueError(f"computes in single precision, not trainer.precision={trainer.precision}")
    if unknown := sorted(set(map(str, trainer)) - KNOWN):
        raise ValueError(f"does not know trainer.{unknown[0]}")
