import lightning as L
import pytest
import torch
from torch import nn

from datamodules.digits import Digits
from datamodules.steps import Steps


class Count(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))
        self.steps, self.images = [], 0

    def training_step(self, batch, batch_idx):
        self.steps.append(int(batch))
        return self.weight.square()

    def validation_step(self, batch, batch_idx):
        self.images += len(batch[0])

    def test_step(self, batch, batch_idx):
        self.images += len(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


@pytest.fixture
def images():
    return Digits(batch_size=200, seed=0)


def test_an_epoch_has_so_many_steps_and_validates_on_images(images, make_trainer):
    module, random = Count(), torch.get_rng_state()
    make_trainer(max_epochs=2).fit(module, datamodule=Steps(images, steps=7))
    assert module.steps == [*range(7)] * 2
    assert module.images == 2 * sum(len(x) for x, _ in images.val_dataloader())
    assert torch.equal(torch.get_rng_state(), random)


def test_it_tests_on_images(images, make_trainer):
    module = Count()
    make_trainer().test(module, datamodule=Steps(images, steps=7), verbose=False)
    assert module.images == sum(len(x) for x, _ in images.test_dataloader())


def test_there_is_a_step(images):
    with pytest.raises(ValueError, match="pruner.steps_per_epoch must be a whole number"):
        Steps(images, steps=0)
