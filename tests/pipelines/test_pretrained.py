import pytest
import torch
from torch import nn
from torch.testing import assert_close

from pipelines.pretrained import pretrained
from scalegmn.formats import save_network
from scalegmn.graph import fold_batch_norm
from scalegmn.targets import SmallCNN


def test_a_network_gets_the_weights_of_a_file(tmp_path):
    other = SmallCNN()
    torch.save(other.state_dict(), tmp_path / "net.pt")
    net = pretrained(SmallCNN(), weights=str(tmp_path / "net.pt"), recipe="unused")
    assert torch.equal(net.fc.weight, other.fc.weight)


def test_without_a_file_it_says_what_makes_one():
    net = SmallCNN()
    assert pretrained(net, weights=None) is net
    with pytest.raises(ValueError, match="no network to prune: `make dense` makes one"):
        pretrained(net, weights=None, recipe="`make dense` makes one")


def test_a_network_whose_batch_normalisation_was_folded_comes_back_folded(tmp_path):
    net = fresh()
    net.train()(torch.randn(8, 1, 5, 5))
    x = torch.randn(3, 1, 5, 5)
    save_network(tmp_path / "net.safetensors", fold_batch_norm(net).state_dict(), {})
    again = pretrained(fresh(), weights=str(tmp_path / "net.safetensors"))
    assert_close(again.eval()(x), net.eval()(x))
    torch.save(net.state_dict(), tmp_path / "net.pt")
    unfolded = pretrained(fresh(), weights=str(tmp_path / "net.pt"))
    assert isinstance(unfolded[1], nn.BatchNorm2d)
    torch.save({"0.weight": torch.zeros(5)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="lacks 1.weight"):
        pretrained(fresh(), weights=str(tmp_path / "other.pt"))


def fresh():
    return nn.Sequential(nn.Conv2d(1, 2, 3, bias=False), nn.BatchNorm2d(2), nn.ReLU())
