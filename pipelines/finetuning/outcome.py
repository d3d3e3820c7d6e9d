"""The outcome of fine-tuning with one learning rate."""

from math import inf, isfinite
from pathlib import Path
from typing import Any

from torch import nn

from pipelines.evaluation import Quality
from pipelines.metadata import metadata
from pipelines.run import Run
from reporting import FineTuneRate
from scalegmn.formats import save_network

NETWORK = "network.safetensors"
RESULT = "result.json"


def outcome(
    run: Run, net: nn.Module, quality: Quality, *, lr: float, epochs: int, folder: Path
) -> dict[str, Any]:
    """Save what fine-tuning has made of a network.

    Args:
        run: says what the file is of.
        net: after its best epoch, or before the first, epoch 0, if that is better.
        quality: of it on validation images.
        lr: the learning rate.
        epochs: epochs until early stopping.
        folder: of the learning rate.

    Returns:
        A :class:`reporting.FineTuneRate` as a dictionary.
    """
    if run.processes.is_first:
        save_network(folder / NETWORK, net.state_dict(), metadata(run.cfg))
    finite = isfinite(quality.loss)
    return vars(
        FineTuneRate(
            lr=lr,
            val_loss=quality.loss if finite else None,
            val_acc=quality.accuracy if finite else None,
            epochs=epochs,
        )
    )


def or_infinite(loss: float | None) -> float:
    """A loss to be compared: what is missing or not finite is worse than any other."""
    return loss if loss is not None and isfinite(loss) else inf
