"""Measure a network on a split."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from lightning_modules.classifier import Classifier
from pipelines.run import Run
from pipelines.tensor_hash import tensor_hash
from reporting import DenseRow


@dataclass(frozen=True)
class Quality:
    """How good a network is on one split.

    Args:
        loss: cross-entropy.
        accuracy: fraction of images.
    """

    loss: float
    accuracy: float


def evaluate(run: Run, net: nn.Module, split: Literal["val", "test"]) -> Quality:
    """Loss and accuracy of a network on a split, over all processes.

    Raises:
        ValueError: if the data have no images of the split.
    """
    # A folder without checkpoints: Lightning would load those of a preempted job.
    trainer = run.trainer(enable_checkpointing=False, default_root_dir=run.folder)
    measure = {"val": trainer.validate, "test": trainer.test}[split]
    found = measure(Classifier(net), datamodule=run.data, verbose=False)
    if not found:
        raise ValueError(f"{type(run.data).__name__}.{split}_dataloader() gives no batch")
    (metrics,) = found
    return Quality(metrics[f"{split}/loss"], metrics[f"{split}/accuracy"])


def dense_row(run: Run, net: nn.Module, *, saw_validation: bool) -> DenseRow:
    """A dense network's row in the results."""
    val, test = (evaluate(run, net, split) for split in ("val", "test"))
    return DenseRow(
        test_acc=test.accuracy,
        val_acc=val.accuracy,
        val_loss=val.loss,
        parameters=sum(p.numel() for p in net.parameters()),
        saw_validation=saw_validation,
        hash=tensor_hash(net.state_dict()),
    )
