import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.pruning import balanced_magnitude, keep_top, magnitude
from scalegmn.symmetry import PermScale
from scalegmn.targets import VGG, SmallCNN


def test_equal_networks_keep_the_same_weights():
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    params = {name: p.detach() for name, p in net.named_parameters()}
    g = PermScale.sample(graph, spread=10.0)
    moved = PermScale(graph, torch.arange(graph.num_nodes), g.scale).on_parameters(params)

    def balanced(p):
        return balanced_magnitude(p, net=net, image_shape=(1, 32, 32))

    assert_close(balanced(moved), balanced(params), rtol=1e-4, atol=1e-6)
    masks = [keep_top(balanced(p), 0.8).keep for p in (params, moved)]
    differing = sum((masks[0][k] != masks[1][k]).sum().item() for k in masks[0])
    assert differing <= 2  # scores that are equal to rounding
    raw = [keep_top(magnitude(p), 0.8).keep for p in (params, moved)]
    assert sum((raw[0][k] != raw[1][k]).sum().item() for k in raw[0]) > 100


def test_biases_are_scored_when_asked():
    net = SmallCNN()
    params = dict(net.named_parameters())
    with_biases = balanced_magnitude(params, net=net, image_shape=(1, 32, 32), prune_biases=True)
    assert with_biases.keys() == params.keys()


def test_batch_normalisation_is_refused_by_name():
    net = VGG(11, width=1, batch_norm=True)
    with pytest.raises(ValueError, match="features.1.bias has no balanced magnitude"):
        balanced_magnitude(dict(net.named_parameters()), net=net, image_shape=(3, 32, 32))
