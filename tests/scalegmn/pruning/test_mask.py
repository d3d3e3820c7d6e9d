import io

import pytest
import torch
from torch import nn

from scalegmn.pruning import Mask, magnitude, make_mask

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def mask():
    return Mask({"weight": torch.tensor([[True, False], [False, True], [False, False]])})


@pytest.fixture
def net():
    return nn.Linear(2, 3)


def test_sparsity_is_the_pruned_fraction(mask):
    assert mask.sparsity == 4 / 6


def test_apply_zeroes_pruned_entries_and_leaves_the_rest(mask, net):
    params = dict(net.named_parameters())
    before = params["weight"].detach().clone()
    out = mask.apply(params)
    assert torch.equal(out["weight"], torch.where(mask.keep["weight"], before, 0))
    assert out["bias"] is params["bias"]
    assert torch.equal(params["weight"], before)


def test_gradients_reach_kept_entries_only(mask):
    weight = torch.randn(3, 2, requires_grad=True)
    mask.apply({"weight": weight})["weight"].sum().backward()
    assert torch.equal(weight.grad, mask.keep["weight"].float())


def test_pruned_nan_and_infinity_become_zero(mask, net):
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, NAN], [INF, 2.0], [-INF, 3.0]]))
    assert mask.apply({"weight": net.weight})["weight"].tolist() == [[1, 0], [0, 2], [0, 0]]
    mask.apply_(net)
    assert net.weight.tolist() == [[1, 0], [0, 2], [0, 0]]
    assert net.weight.requires_grad


def test_shuffling_keeps_as_many_in_each_tensor_and_moves_them():
    net = nn.Sequential(nn.Linear(20, 30), nn.Linear(30, 5))
    mask = make_mask(magnitude(net), 0.7)
    shuffled = mask.shuffled(torch.Generator().manual_seed(0))
    for name, keep in mask.keep.items():
        assert shuffled.keep[name].sum() == keep.sum()
        assert shuffled.keep[name].shape == keep.shape
        assert not torch.equal(shuffled.keep[name], keep)


def test_a_mask_of_zeros_prunes_the_zero_weights_and_no_biases(net):
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 0.0], [-0.0, NAN], [1e-30, 3.0]]))
        net.bias.zero_()
    found = Mask.of_zeros(net)
    assert {name: keep.tolist() for name, keep in found.keep.items()} == {
        "weight": [[True, False], [False, True], [True, True]]
    }


def test_shuffling_repeats_with_its_generator(mask):
    one, two = (mask.shuffled(torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.keep["weight"], two.keep["weight"])


def test_a_mask_survives_a_checkpoint(mask):
    file = io.BytesIO()
    torch.save(mask.state_dict(), file)
    file.seek(0)
    again = Mask.from_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(again.keep["weight"], mask.keep["weight"])


def test_moving_changes_the_device_only(mask):
    moved = mask.to("meta")
    assert moved.keep["weight"].is_meta
    assert not mask.keep["weight"].is_meta


def test_a_mask_is_boolean():
    with pytest.raises(ValueError, match="mask of weight must be boolean, not torch.float32"):
        Mask({"weight": torch.ones(2)})


def test_a_mask_of_another_network_is_refused(mask):
    with pytest.raises(ValueError, match="covers weight, which the network does not have"):
        mask.apply_(nn.Identity())
    with pytest.raises(ValueError, match=r"shape \(3, 2\), the parameter \(3, 4\)"):
        mask.apply_(nn.Linear(4, 3))
    with pytest.raises(ValueError, match=r"shape \(3, 2\), the parameter \(2,\)"):
        mask.apply({"weight": torch.ones(2)})
