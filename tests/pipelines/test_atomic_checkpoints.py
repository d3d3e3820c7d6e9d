from pickle import PicklingError

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_modules.classifier import Classifier
from pipelines.atomic_checkpoints import AtomicCheckpoints


class Scores(Callback):
    """Logs 1.0 in the first epoch, which is the best, and more in later ones."""

    def on_validation_epoch_end(self, trainer, pl_module):
        pl_module.log("score", 1.0 + trainer.current_epoch)


@pytest.fixture
def fit(net, data, make_trainer):
    """Trains until an epoch, from the last checkpoint of a folder if it has one."""

    def fit(folder, max_epochs):
        common = {"enable_version_counter": False, "save_on_train_epoch_end": True}
        best = ModelCheckpoint(folder, filename="best", monitor="score", **common)
        last = ModelCheckpoint(folder, filename="last", **common)
        trainer = make_trainer(
            max_epochs=max_epochs,
            callbacks=[Scores(), best, last],
            enable_checkpointing=True,
            plugins=[AtomicCheckpoints()],
        )
        file = folder / "last.ckpt"
        start = file if file.exists() else None
        trainer.fit(Classifier(net), datamodule=data, ckpt_path=start, weights_only=True)
        return best

    return fit


def epoch_of(file):
    return torch.load(file, weights_only=True)["epoch"]


@pytest.mark.filterwarnings("ignore:Checkpoint directory")
def test_the_best_checkpoint_stays_the_best_when_a_run_is_moved(fit, tmp_path):
    fit(tmp_path / "old", 1)
    (tmp_path / "old").rename(tmp_path / "new")
    best = fit(tmp_path / "new", 2)
    assert float(best.best_model_score) == 1.0
    assert best.best_model_path == str(tmp_path / "new" / "best.ckpt")
    assert [epoch_of(tmp_path / "new" / f"{name}.ckpt") for name in ("best", "last")] == [0, 1]
    assert sorted(file.name for file in tmp_path.rglob("*.ckpt")) == ["best.ckpt", "last.ckpt"]


@pytest.mark.filterwarnings("ignore:Checkpoint directory", "ignore:The dirpath has changed")
def test_a_best_checkpoint_that_was_left_behind_does_not_count(fit, tmp_path):
    fit(tmp_path / "old", 1)
    (tmp_path / "new").mkdir()
    (tmp_path / "old" / "last.ckpt").rename(tmp_path / "new" / "last.ckpt")
    best = fit(tmp_path / "new", 2)
    assert float(best.best_model_score) == 2.0
    assert epoch_of(tmp_path / "new" / "best.ckpt") == 1


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path):
    file = tmp_path / "last.ckpt"
    writer = AtomicCheckpoints()
    writer.save_checkpoint({"epoch": 1}, file)
    with pytest.raises((AttributeError, PicklingError), match="pickle"):
        writer.save_checkpoint({"epoch": lambda: 2}, file)
    assert torch.load(file, weights_only=True) == {"epoch": 1}
    assert [f.name for f in tmp_path.iterdir()] == ["last.ckpt"]
