import pytest
import torch

from lightning_modules.pretrained import pretrained
from scalegmn.targets import SmallCNN


def test_a_network_gets_the_weights_of_a_file(tmp_path):
    other = SmallCNN()
    torch.save(other.state_dict(), tmp_path / "net.pt")
    net = pretrained(SmallCNN(), weights=str(tmp_path / "net.pt"), recipe="unused")
    assert torch.equal(net.fc.weight, other.fc.weight)


def test_without_a_file_it_says_what_makes_one():
    net = SmallCNN()
    assert pretrained(net, weights=None) is net
    with pytest.raises(ValueError, match="`make dense` makes one"):
        pretrained(net, weights=None, recipe="make dense")
