"""Epochs of steps that read no images."""

import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

from scalegmn.arguments import check_whole


class Steps(LightningDataModule):
    """Training without data, for so many steps an epoch; validation and test images as usual.

    A batch is the number of the step in its epoch, the same on all processes.

    Args:
        images: whose validation and test batches there are.
        steps: an epoch's.

    Raises:
        ValueError: if there is no step.
    """

    def __init__(self, images: LightningDataModule, *, steps: int) -> None:
        super().__init__()
        check_whole("pruner.steps_per_epoch", steps)
        self.images = images
        self.steps = steps

    def setup(self, stage: str | None = None) -> None:
        self.images.trainer = self.trainer
        self.images.setup(stage or "fit")

    def train_dataloader(self) -> DataLoader:
        numbers = range(self.steps)
        return DataLoader(
            numbers,  # type: ignore[arg-type]
            batch_size=None,
            # Lightning leaves a sampler of this class in place: no process leaves steps out.
            sampler=DistributedSampler(
                numbers,  # type: ignore[arg-type]
                num_replicas=1,
                rank=0,
                shuffle=False,
            ),
            # Its own generator: a loader otherwise draws from the global one at every pass.
            generator=torch.Generator(),
        )

    def val_dataloader(self) -> DataLoader:
        return self.images.val_dataloader()

    def test_dataloader(self) -> DataLoader:
        return self.images.test_dataloader()
