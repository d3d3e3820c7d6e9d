import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lightning_modules.classifier import Classifier
from pipelines.best_weights import load_best


@pytest.fixture
def trained(net, data, make_trainer, tmp_path):
    checkpoint = ModelCheckpoint(tmp_path, filename="best", monitor="val/loss")
    trainer = make_trainer(callbacks=[checkpoint], enable_checkpointing=True)
    module = Classifier(net)
    trainer.fit(module, datamodule=data)
    return trainer, module


def test_the_best_weights_come_back(trained, net):
    best = net[2].weight.detach().clone()
    net[2].weight.data.zero_()
    load_best(*trained)
    assert torch.equal(net[2].weight, best)


def test_a_folder_may_have_moved(trained, net, tmp_path):
    trainer, module = trained
    trainer.checkpoint_callback.best_model_path = "/elsewhere/best.ckpt"
    best = net[2].weight.detach().clone()
    net[2].weight.data.zero_()
    load_best(trainer, module)
    assert torch.equal(net[2].weight, best)


def test_a_lost_checkpoint_is_not_passed_over(trained, tmp_path):
    (tmp_path / "best.ckpt").unlink()
    with pytest.raises(FileNotFoundError, match="the best checkpoint is gone"):
        load_best(*trained)


def test_without_checkpoints_the_weights_stay(make_trainer, net):
    before = net[2].weight.detach().clone()
    load_best(make_trainer(), Classifier(net))
    assert torch.equal(net[2].weight, before)
