import lightning as L
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import Adam
from torch.utils.data import DataLoader, TensorDataset


class Plain(L.LightningModule):
    """What a user might write."""

    def __init__(self, net, optimizer=lambda params: Adam(params, lr=1e-2), schedule=None):
        super().__init__()
        self.net, self.optimizer, self.schedule = net, optimizer, schedule

    def training_step(self, batch, batch_idx):
        loss = F.cross_entropy(self.net(batch[0]), batch[1])
        self.log("train/loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val/loss", F.cross_entropy(self.net(batch[0]), batch[1]))

    def configure_optimizers(self):
        optimizer = self.optimizer(self.net.parameters())
        if self.schedule is None:
            return optimizer
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.schedule(optimizer), "interval": "step"},
        }


@pytest.fixture
def module_of():
    return Plain


def batches(count, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(16 * count, 8, generator=generator)
    y = (x[:, :4].sum(1) > 0).long() + 2 * (x[:, 4:].sum(1) > 0).long()
    return DataLoader(TensorDataset(x, y), batch_size=16, shuffle=seed == 0)


@pytest.fixture
def data():
    """Five shuffled training batches and two validation batches."""
    return {"train_dataloaders": batches(5, 0), "val_dataloaders": batches(2, 1)}


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(8, 12), nn.ReLU(), nn.Linear(12, 4))
