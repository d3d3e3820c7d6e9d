"""The outcome of fine-tuning with one learning rate."""

from math import inf, isfinite
from pathlib import Path
from typing import Any

from torch import nn

from pipelines.evaluation import evaluate
from pipelines.metadata import metadata
from pipelines.run import Run
from reporting import FineTuneRate
from scalegmn.formats import save_network

NETWORK = "network.safetensors"
RESULT = "result.json"


def outcome(
    run: Run, pruned: nn.Module, tuned: nn.Module, *, lr: float, epochs: int, folder: Path
) -> dict[str, Any]:
    """Measure a fine-tuned network on validation images, and save it.

    The weights right after pruning, epoch 0, are a candidate as well.

    Args:
        run: gives the data.
        pruned: the network before fine-tuning.
        tuned: the same after its best epoch.
        lr: the learning rate.
        epochs: epochs until early stopping.
        folder: of the learning rate.

    Returns:
        A :class:`reporting.FineTuneRate` as a dictionary.
    """
    measured = [(evaluate(run, net, "val"), net) for net in (pruned, tuned)]
    quality, best = min(measured, key=lambda pair: or_infinite(pair[0].loss))
    if run.processes.is_first:
        save_network(folder / NETWORK, best.state_dict(), metadata(run.cfg))
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
