import pytest
import torch
from lightning import Callback, LightningModule, Trainer

from datamodules.digits import Digits


class Witness(LightningModule):
    """Writes down which batches it was shown."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.seen = []

    def training_step(self, batch, batch_idx):
        x, y = batch
        self.seen.append((self.current_epoch, batch_idx, x.sum().item(), y.sum().item()))
        return self.layer(x.mean()[None]).sum()

    def validation_step(self, batch, batch_idx):
        pass

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveEachStep(Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_batch_end(self, trainer, *_):
        trainer.save_checkpoint(self.folder / f"{trainer.global_step}.ckpt")


def fit(folder, *, ckpt_path=None, **options):
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=3,
        callbacks=[SaveEachStep(folder)],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        **options,
    )
    witness = Witness()
    data = Digits(batch_size=256, augment=True)
    trainer.fit(witness, datamodule=data, ckpt_path=ckpt_path, weights_only=True)
    return witness.seen


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, fit(folder)


def test_lightning_gives_each_epoch_its_own_order(uninterrupted):
    _, seen = uninterrupted
    assert [(epoch, batch) for epoch, batch, *_ in seen] == [
        (epoch, batch) for epoch in range(3) for batch in range(6)
    ]
    assert len({sums for *_, sums, _ in seen}) == 18


# After 4 batches of the first epoch, in the middle of the second, and between two epochs.
@pytest.mark.parametrize("step", [4, 9, 6, 12])
def test_a_resumed_run_sees_the_batches_that_were_left(uninterrupted, tmp_path, step):
    folder, seen = uninterrupted
    assert fit(tmp_path, ckpt_path=folder / f"{step}.ckpt") == seen[step:]


def test_a_run_of_shortened_epochs_resumes_at_an_epoch_start(tmp_path):
    seen = fit(tmp_path, limit_train_batches=2)
    assert fit(tmp_path, ckpt_path=tmp_path / "2.ckpt", limit_train_batches=2) == seen[2:]
