from copy import deepcopy

import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.pruning import balanced, magnitude, make_mask
from scalegmn.symmetry import PermScale
from scalegmn.targets import VGG, SmallCNN

EXAMPLE = torch.zeros(1, 1, 32, 32)


@pytest.fixture
def net():
    return SmallCNN()


@pytest.fixture
def moved(net):
    """An equal network with other scales of its hidden units."""
    graph = NetworkGraph.from_module(net, EXAMPLE)
    g = PermScale.sample(graph, spread=10.0)
    scale = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
    other = deepcopy(net)
    other.load_state_dict(scale.on_parameters(dict(net.named_parameters())))
    return other


def norm(net):
    return sum(p.square().sum().item() for p in net.parameters())


def test_equal_networks_keep_the_same_weights(net, moved):
    def mask(network):
        return make_mask(magnitude(network), 0.8).keep

    ours, theirs = balanced(net, EXAMPLE), balanced(moved, EXAMPLE)
    for name, parameter in ours.named_parameters():
        assert_close(theirs.get_parameter(name), parameter, rtol=1e-4, atol=1e-6)
    a, b = mask(ours), mask(theirs)
    assert sum((a[k] != b[k]).sum().item() for k in a) <= 2  # scores equal to rounding
    a, b = mask(net), mask(moved)
    assert sum((a[k] != b[k]).sum().item() for k in a) > 100


def test_it_computes_the_same_with_the_least_norm(net, moved):
    x = torch.randn(3, 1, 32, 32)
    least = balanced(moved, EXAMPLE)
    assert_close(least(x), moved(x), rtol=1e-4, atol=1e-5)
    assert norm(least) < norm(net) < norm(moved)


def test_the_network_itself_is_not_changed(net):
    before = deepcopy(net.state_dict())
    copy = balanced(net.eval(), EXAMPLE)
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert not copy.training and all(p.requires_grad for p in copy.parameters())


def test_batch_normalisation_is_refused():
    net = VGG(11, width=1, batch_norm=True)
    with pytest.raises(ValueError, match=r"fold it, or compare .*selection.gauge=raw"):
        balanced(net, torch.zeros(1, 3, 32, 32))
