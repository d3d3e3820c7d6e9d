from copy import deepcopy
from time import process_time

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.pruning import balanced, lamp, magnitude, make_mask
from scalegmn.symmetry import PermScale
from scalegmn.targets import VGG, SmallCNN

EXAMPLE = torch.zeros(1, 1, 32, 32, dtype=torch.float64)


def three_layers(*weights):
    net = nn.Sequential(*(nn.Linear(len(w[0]), len(w), bias=False) for w in weights))
    for layer, weight in zip(net, weights, strict=True):
        layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    return net


def rescaled(net, factors):
    """An equal network whose hidden units have other scales."""
    graph = NetworkGraph.from_module(net, EXAMPLE)
    scale = PermScale(graph, torch.arange(graph.num_nodes), factors(graph))
    moved = deepcopy(net)
    moved.load_state_dict(scale.on_parameters(dict(net.named_parameters())))
    return moved


def test_three_layers_by_hand():
    net = three_layers([[1.0, -2.0], [3.0, 0.0]], [[10.0, -20.0]], [[0.5]])
    scores = lamp(net)
    assert_close(scores["0.weight"], torch.tensor([[1 / 14, 4 / 13], [1, 0]]).double())
    assert_close(scores["1.weight"], torch.tensor([[100 / 500, 1]]).double())
    assert_close(scores["2.weight"], torch.tensor([[1.0]]).double())
    # From 0, 1/14, 1/5, 4/13 and three ones: four of seven go.
    keep = make_mask(scores, 4 / 7).keep
    assert [k.tolist() for k in keep.values()] == [
        [[False, False], [True, False]],
        [[False, True]],
        [[True]],
    ]


def test_of_equal_magnitudes_the_first_have_lower_scores():
    net = three_layers([[2.0, -2.0, 2.0, 1.0]], [[0.0]], [[1.0]])
    assert_close(lamp(net)["0.weight"], torch.tensor([[4 / 12, 4 / 8, 1, 1 / 13]]).double())


def test_layers_of_zeros_go_first_and_no_other_is_emptied():
    net = three_layers([[0.0, 0.0]], [[1e-30], [2e-30]], [[1e30, 3e30]])
    scores = lamp(net)
    assert scores["0.weight"].tolist() == [[0, 0]]
    assert_close(scores["1.weight"], torch.tensor([[0.2], [1]]).double())
    assert_close(scores["2.weight"], torch.tensor([[0.1, 1]]).double())
    keep = make_mask(scores, 4 / 6).keep
    assert [int(k.sum()) for k in keep.values()] == [0, 1, 1]


def test_within_a_layer_it_ranks_like_the_magnitude():
    net = nn.Linear(300, 300)
    scores = lamp(net, prune_biases=True)
    assert scores.keys() == {"weight", "bias"} and not scores["weight"].requires_grad
    for name, magnitudes in magnitude(net, prune_biases=True).items():
        ours, theirs = (s.flatten().argsort(stable=True) for s in (scores[name], magnitudes))
        assert torch.equal(ours, theirs)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused_by_name(bad):
    net = three_layers([[1.0, bad]], [[1.0]])
    with pytest.raises(ValueError, match=r"scores of 0\.weight hold NaN"):
        make_mask(lamp(net), 0.5)


def test_a_factor_of_a_whole_layer_changes_nothing_and_those_of_single_units_do():
    net = SmallCNN().double()

    def one_factor(graph):
        scale = torch.ones(graph.num_nodes, dtype=torch.float64)
        scale[graph.node_slices[2]] = 7.0
        return scale

    ours, theirs = lamp(net), lamp(rescaled(net, one_factor))
    for name, score in ours.items():
        assert_close(theirs[name], score, rtol=1e-9, atol=0)

    moved = rescaled(net, lambda graph: PermScale.sample(graph, spread=10.0).scale)
    theirs = lamp(moved)
    assert not torch.allclose(theirs["features.0.weight"], ours["features.0.weight"], rtol=0.1)
    ours, theirs = lamp(balanced(net, EXAMPLE)), lamp(balanced(moved, EXAMPLE))
    for name, score in ours.items():
        assert_close(theirs[name], score, rtol=1e-4, atol=1e-9)


def test_a_million_weights_take_seconds():
    net = VGG(19, width=16)
    start = process_time()
    keep = make_mask(lamp(net), 0.95).keep
    assert process_time() - start < 4
    total = sum(k.numel() for k in keep.values())
    assert sum(int((~k).sum()) for k in keep.values()) == int(total * 0.95)
    assert all(k.any() for k in keep.values())
