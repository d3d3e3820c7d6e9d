import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.targets import VGG


def trained(net, x):
    """Give the normalisations statistics and affine maps of their own."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    net.train()(x)
    return net.eval()


NETS = {
    "norms after both kinds of layers": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
        nn.Linear(4 * 36, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2),
    ),
    "no norm": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1)),
}  # fmt: skip


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("name", NETS)
def test_folding_leaves_the_function(name):
    x = torch.randn(6, 3, 8, 8)
    net = trained(NETS[name](), x)
    folded = fold_batch_norm(net)
    assert_close(folded(x), net(x))
    assert not any(isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d) for m in folded.modules())
    graph = NetworkGraph.from_module(net, x)
    params = dict(folded.named_parameters())
    assert graph.parameters(*graph.features(params)).keys() == params.keys()


def test_a_vgg_with_batch_norm_has_the_graph_of_one_without():
    x = torch.zeros(1, 3, 32, 32)
    with_norm = NetworkGraph.from_module(VGG(11, batch_norm=True), x)
    without = NetworkGraph.from_module(VGG(11), x)
    assert with_norm.num_nodes == without.num_nodes
    assert [b.shape for b in with_norm.blocks] == [b.shape for b in without.blocks]
