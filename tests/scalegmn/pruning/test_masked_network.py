import pytest
import torch
from torch import nn

from scalegmn.formats import load_state, save_network
from scalegmn.pruning import Mask, load_masked, magnitude, make_mask, save_masked


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))


def test_a_network_and_its_mask_come_back(net, tmp_path):
    mask = make_mask(magnitude(net), 0.5)
    before = {name: t.clone() for name, t in net.state_dict().items()}
    with torch.no_grad():
        kept = mask.keep["0.weight"].nonzero()[0]
        net[0].weight[tuple(kept)] = before["0.weight"][tuple(kept)] = 0.0  # Zero, and kept.
    save_masked(tmp_path / "a.safetensors", net, mask)
    other = nn.Sequential(nn.Linear(5, 4), nn.BatchNorm1d(4), nn.Linear(4, 3))
    found = load_masked(tmp_path / "a.safetensors", other)
    assert found.keep.keys() == mask.keep.keys()
    for name, tensor in mask.apply(before).items():
        assert torch.equal(other.state_dict()[name], tensor)
        assert torch.equal(net.state_dict()[name], before[name])
        if name in mask.keep:
            assert torch.equal(found.keep[name], mask.keep[name])


def test_masks_of_biases_come_back(net, tmp_path):
    mask = Mask({"0.bias": torch.tensor([True, False, True, True])})
    save_masked(tmp_path / "a.safetensors", net, mask)
    assert load_masked(tmp_path / "a.safetensors", net).keep["0.bias"].tolist() == [1, 0, 1, 1]
    assert net[0].bias[1] == 0


def test_a_file_without_a_mask_is_refused(net, tmp_path):
    save_network(tmp_path / "a.safetensors", net.state_dict(), {})
    assert load_state(tmp_path / "a.safetensors", net)
    with pytest.raises(ValueError, match="holds no mask"):
        load_masked(tmp_path / "a.safetensors", net)
