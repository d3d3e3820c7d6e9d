"""Show images that a module makes while it is trained."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

# Gray value and width of the frame around each image.
FRAME, PIXELS = 0.5, 1


class ImageExamples(Callback):
    """Show images side by side in TensorBoard on a schedule, made of the first validation batch.

    A row for each example and a column for each kind of image, as ``examples``. Without a
    ``TensorBoardLogger`` nothing happens::

        image_examples:
          _target_: callbacks.ImageExamples
          every_n_epochs: 5

    Args:
        every_n_epochs: how often to look; the first epoch and the last are always looked at.
        images: the name of the LightningModule's method that maps a batch to images by kind, of
            shape (example, channel, height, width) with values in [0, 1]. Only rank 0 calls it.

    Raises:
        ValueError: if the number is not above 0, or, when a fit starts, the module has no such
            method.
    """

    def __init__(self, *, every_n_epochs: int = 5, images: str = "examples") -> None:
        if every_n_epochs < 1:
            raise ValueError(f"every_n_epochs must be at least 1, got {every_n_epochs}")
        self.every_n_epochs = every_n_epochs
        self.images = images

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if not callable(getattr(pl_module, self.images, None)):
            raise ValueError(
                f"{type(pl_module).__name__} has no method {self.images}(batch): write one that "
                "returns the images to look at, or name another one (images=...)"
            )

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        done = trainer.current_epoch + 1
        due = done == 1 or done % self.every_n_epochs == 0 or done == trainer.max_epochs
        loggers = [x for x in trainer.loggers if isinstance(x, TensorBoardLogger)]
        if batch_idx or trainer.sanity_checking or not (due and loggers and trainer.is_global_zero):
            return
        image = side_by_side(getattr(pl_module, self.images)(batch))
        for logger in loggers:
            logger.experiment.add_image(self.images, image, trainer.global_step)


def side_by_side(
    columns: Mapping[str, Float[Tensor, "n c h w"]],
) -> Float[Tensor, "c height width"]:
    """One image of many, framed; values outside [0, 1] are clipped.

    Args:
        columns: images by kind, the same number of equal shape in each.
    """
    frame = [PIXELS] * 4
    framed = [F.pad(x.detach().float().clamp(0, 1), frame, value=FRAME) for x in columns.values()]
    rows = torch.cat(framed, dim=-1)
    return rows.movedim(0, 1).flatten(1, 2)
