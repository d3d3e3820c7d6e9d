import torch
from lightning import Callback

from lightning_modules.one_shot_pruner import OneShotPruner
from scalegmn.targets import SmallCNN


def test_it_ends_before_the_first_epoch(make_trainer, data):
    called = []

    class Note(Callback):
        def on_train_start(self, trainer, pl_module):
            called.append("train")

        def on_fit_end(self, trainer, pl_module):
            called.append("end")

    make_trainer(max_epochs=5, callbacks=[Note()]).fit(OneShotPruner(SmallCNN()), datamodule=data)
    assert called == ["end"]


def test_it_offers_the_network_as_it_is():
    target = SmallCNN()
    offered = OneShotPruner(target).target_parameters()
    offered["fc.bias"].fill_(1)
    for name, p in target.named_parameters():
        assert name == "fc.bias" or torch.equal(offered[name], p)
    assert not (target.fc.bias == 1).any()
