"""A network and data that are Python objects, pruned by several methods."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from lightning import LightningDataModule
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pipelines.prune_network import prune

# One learning rate and one epoch of everything.
SHORT = ("finetune.lr=1e-3", "finetune.max_epochs=1", "trainer.max_epochs=1")


class Net(nn.Module):
    """A residual network with batch normalisation and a concatenation, which looks at shapes."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
        self.block = nn.Conv2d(4, 4, 3, padding=1)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        if x.shape[-1] > 8:  # torch.fx cannot follow it.
            x = x[..., ::2, ::2]
        x = self.stem(x)
        x = torch.cat([x, (x + self.block(x)).relu()], 1)
        return self.head(x.mean((2, 3)))


def images(rows, seed):
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(rows) % 3
    return TensorDataset(
        torch.randn(rows, 1, 6, 6, generator=generator) + y[:, None, None, None], y
    )


TRAIN, TEST = images(60, 0), images(30, 1)


class Own(LightningDataModule):
    def setup(self, stage):
        self.ready = True

    def train_dataloader(self):
        return DataLoader(TRAIN, batch_size=30, shuffle=self.ready)

    def val_dataloader(self):
        return DataLoader(TEST, batch_size=30)

    test_dataloader = val_dataloader


@pytest.fixture
def net():
    return Net()


def wide(data):
    x, y = data.tensors
    return TensorDataset(x.double(), y)


def zeros(net):
    weights = [p for name, p in net.named_parameters() if p.ndim > 1]
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


def accuracy(net, data):
    x, y = data.tensors
    return (net(x).argmax(1) == y).float().mean().item()


@pytest.mark.parametrize("method", ["scalegmn_eq", "magnitude", "gmp", "l1"])
def test_every_method_returns_pruned_networks(net, method, capfd):
    before = deepcopy(net.state_dict())
    found = prune(net, (TRAIN, TEST), *SHORT, method=method, sparsity=0.5)
    ((row,), (small,)) = found.results.pruned, found.networks
    assert type(small) is Net and not small.training and net.training
    assert zeros(small) == pytest.approx(0.5, abs=0.01) == row.weight_sparsity
    assert row.test_acc == pytest.approx(accuracy(small, TEST))
    assert found.results.dense.test_acc == pytest.approx(accuracy(deepcopy(net).eval(), TEST))
    assert (found.results.method, found.results.dense.saw_validation) == (method, True)
    assert all(torch.equal(t, before[name]) for name, t in net.state_dict().items())
    assert capfd.readouterr() == ("", "")


def test_several_sparsities_of_a_data_module_are_read_again(net, tmp_path):
    arguments = {"method": "random", "sparsity": [0.3, 0.6], "folder": tmp_path / "run"}
    found = prune(net, Own(), *SHORT, **arguments)
    assert [zeros(small) for small in found.networks] == pytest.approx([0.3, 0.6], abs=0.01)
    again = prune(net, Own(), *SHORT, **arguments)
    assert again.results == found.results
    for one, other in zip(found.networks, again.networks, strict=True):
        assert all(torch.equal(t, other.state_dict()[n]) for n, t in one.state_dict().items())
    with pytest.raises(ValueError, match="another config"):
        prune(Net(), Own(), *SHORT, **arguments)
    changed = deepcopy(net)
    changed.stem[2] = nn.Sigmoid()
    with pytest.raises(ValueError, match="another config"):
        prune(changed, Own(), *SHORT, **arguments)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ((TRAIN, TEST), {"method": "magnitud"}, "unknown, did you mean magnitude"),
        ((TRAIN,), {}, r"data is \(TensorDataset\): expected \(train, test\) or"),
        ((TensorDataset(torch.zeros(20, 1)), TEST), {}, "gives a list: expected"),
        ((TRAIN, TEST), {"sparsity": 1.0}, "sparsity must be at least 0 and below 1, got 1.0"),
        ((TRAIN, TEST), {"sparsity": []}, "give at least one fraction"),
        ((TRAIN, TEST), {"method": "imp_rewind"}, "early"),
        ((TRAIN, TEST), {"method": "dense"}, "method=dense: it prunes nothing"),
        ((TRAIN, TEST), {"method": "scalegmn_inv"}, "needs a predictor"),
        (
            (wide(TRAIN), TEST),
            {},
            r"net cannot read an image of shape \[1, 6, 6\] and torch.float64",
        ),
        ((DataLoader(TRAIN, 512, drop_last=True), TEST, TEST), {}, "gives no batch"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(net, data, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        prune(net, data, **options)
    assert "\n" not in str(caught.value)


def test_an_override_that_is_wrong_is_one_clear_line(net):
    with pytest.raises(ValueError, match="max_epoch") as caught:
        prune(net, (TRAIN, TEST), "finetune.max_epoch=1")
    assert "\n" not in str(caught.value)


def test_a_network_that_gives_no_logits_is_one_clear_line():
    with pytest.raises(
        ValueError, match=r"net maps an image .* to \[1, 1, 4, 4\], expected logits"
    ):
        prune(nn.Conv2d(1, 1, 3), (TRAIN, TEST))


def test_it_is_trained_in_training_mode_whatever_mode_it_was_in(net):
    found = []
    for training in (True, False):
        given = deepcopy(net).train(training)
        engine = ("finetune.engine=lightning", *SHORT)
        found.append(prune(given, (TRAIN, TEST), *engine, sparsity=np.float64(0.5)).networks[0])
        assert given.training == training
    for one, other in zip(*(network.state_dict().values() for network in found), strict=True):
        assert torch.equal(one, other)
    assert not torch.equal(found[0].stem[1].running_mean, net.stem[1].running_mean)
