import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, Role
from scalegmn.targets import VGG, SmallCNN
from tests.scalegmn.architectures import OTHER, RELU, SIGN, random_cnn


def parameters(net):
    return {name: p.detach().clone() for name, p in net.named_parameters()}


@pytest.mark.parametrize("seed", range(12))
def test_parameters_to_features_and_back_is_exact(seed):
    net, x = random_cnn(seed, RELU + SIGN + OTHER)
    graph = NetworkGraph.from_module(net, x)
    params = parameters(net)
    x_V, x_E = graph.features(params)
    assert x_V.shape == (graph.num_nodes, 1)
    assert x_E.shape == (graph.num_edges, graph.edge_dim)
    back = graph.parameters(x_V, x_E)
    assert back.keys() == params.keys()
    assert all(torch.equal(back[name], params[name]) for name in params)


def test_batches_are_stacked_networks():
    nets = [SmallCNN() for _ in range(3)]
    graph = NetworkGraph.from_module(nets[0], torch.zeros(1, 1, 32, 32))
    params = [parameters(net) for net in nets]
    stacked = {k: torch.stack([p[k] for p in params]) for k in params[0]}
    x_V, x_E = graph.features(stacked)
    for k, one in enumerate(params):
        assert torch.equal(x_V[k], graph.features(one)[0])
        assert torch.equal(x_E[k], graph.features(one)[1])
    assert all(torch.equal(v, stacked[k]) for k, v in graph.parameters(x_V, x_E).items())


def test_gradients_through_the_features_are_those_of_the_parameters():
    net, x = random_cnn(3, RELU)
    graph = NetworkGraph.from_module(net, x)
    direct = net(x).square().sum()
    expected = torch.autograd.grad(direct, list(net.parameters()))
    params = {name: p.detach().requires_grad_() for name, p in net.named_parameters()}
    x_V, x_E = graph.features(params)
    loss = functional_call(net, graph.parameters(x_V, x_E), x).square().sum()
    got = torch.autograd.grad(loss, list(params.values()))
    assert all(torch.equal(a, b) for a, b in zip(got, expected, strict=True))


def test_a_dense_weight_lies_in_channel_0():
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    _, x_E = graph.features(parameters(net))
    dense = x_E[graph.edge_slices[-1]]
    assert_close(dense[:, 0].view(10, 16), net.fc.weight.detach())
    assert not dense[:, 1:].any()


def test_sizes_of_the_published_targets():
    small = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    assert (small.num_nodes, small.num_edges, int(small.node_types.max()) + 1) == (59, 688, 14)
    assert int(small.edge_types.max()) + 1 == 1 + 2 + 10
    vgg = NetworkGraph.from_module(VGG(19), torch.zeros(1, 3, 32, 32), verify=False)
    assert (vgg.num_nodes, vgg.num_edges, int(vgg.node_types.max()) + 1) == (6541, 2_753_728, 31)


def test_edge_types_of_the_last_layer_follow_the_output_node():
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    last, targets = graph.edge_types[graph.edge_slices[-1]], graph.edge_index[1, -160:]
    assert torch.equal(last - last.min(), targets - targets.min())


def test_input_nodes_have_the_feature_that_was_asked_for():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 2), input_feature=1.0)
    x_V, _ = graph.features(parameters(net))
    assert x_V[graph.node_roles == Role.INPUT].flatten().tolist() == [1.0, 1.0]


def test_a_layer_without_bias_has_none_afterwards():
    net = nn.Sequential(nn.Linear(2, 3, bias=False), nn.ReLU(), nn.Linear(3, 1))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 2))
    params = parameters(net)
    assert graph.parameters(*graph.features(params)).keys() == params.keys()


def test_wrong_parameters_are_refused():
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    params = parameters(net)
    with pytest.raises(ValueError, match=r"not given: fc\.bias"):
        graph.features({k: v for k, v in params.items() if k != "fc.bias"})
    with pytest.raises(ValueError, match=r"fc\.bias: expected shape \(10,\), got \(11,\)"):
        graph.features(params | {"fc.bias": torch.zeros(11)})


def test_parameters_that_belong_to_nothing_are_refused():
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    message = "no node or edge of the graph: gain, loss; .*fold_batch_norm"
    for call in (graph.features, graph.batch_shape, graph.to_pyg):
        with pytest.raises(ValueError, match=message):
            call(parameters(net) | {"gain": torch.ones(1), "loss": torch.ones(1)})
    assert graph.parameter_shapes == {k: tuple(p.shape) for k, p in net.named_parameters()}


def test_its_representation_is_short():
    small = repr(NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32)))
    assert small == (
        "NetworkGraph(59 nodes, 688 edges of 9 features: "
        "input (1) -> features.0 (16) -> features.3 (16) -> features.6 (16) -> fc (10))"
    )
    vgg = repr(NetworkGraph.from_module(VGG(19, width=1), torch.zeros(1, 3, 32, 32)))
    assert "13 more -> classifier.1 (8)" in vgg
    assert len(vgg) < 250
