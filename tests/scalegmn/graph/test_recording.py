import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.graph.recording import record, temporary_state
from tests.scalegmn.graph.corpus.calls import Calls


@pytest.mark.parametrize(
    "function",
    [torch.relu, F.relu, F.relu_, torch.Tensor.relu, torch.Tensor.relu_, nn.ReLU(), nn.ReLU(True)],
)
def test_one_function_has_one_name(function):
    (call,) = record(Calls(lambda x: function(x)), torch.randn(2, 3)).calls
    assert call.name == "relu"
    assert call.shape == (2, 3)


def test_arguments_are_found_by_position_and_by_name():
    def body(x):
        return F.pad(input=F.pad(x, (1, 1), "constant", 2.0), pad=(1, 1), value=3.0)

    one, two = record(Calls(body), torch.randn(2, 3)).calls
    assert [c.argument(3, "value", 0) for c in (one, two)] == [2.0, 3.0]
    assert two.argument(2, "mode", "constant") == "constant"
    assert two.inputs[0] is one.result


def test_calls_are_labelled_by_their_layer_or_by_the_module_that_makes_them():
    net = nn.Sequential(nn.Linear(3, 3), Calls(lambda x, tanh: tanh(x).sin(), nn.Tanh()))
    labels = [call.label for call in record(net, torch.randn(2, 3)).calls]
    assert labels == ["0 (Linear)", "1.layers.0 (Tanh)", "sin in the forward of 1 (Calls)"]


class Meddling(nn.Module):
    """Changes its input, its buffers and the random state, and overrides train()."""

    def __init__(self):
        super().__init__()
        self.linear, self.norm = nn.Linear(3, 3), nn.BatchNorm1d(3)
        self.register_buffer("count", torch.zeros(()))
        self.register_buffer("last", torch.zeros(3))

    def train(self, mode=True):
        raise AssertionError("train() must not be called")

    def forward(self, x):
        x *= 2
        self.count += 1
        self.last = torch.rand(3)
        return self.norm(self.linear(x))


@pytest.mark.parametrize("read", [record, NetworkGraph.from_module])
def test_a_module_is_left_as_it_was(read):
    net, x = Meddling(), torch.ones(2, 3)
    net.training, net.linear.training, net.norm.training = False, True, False
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()]
    tensors = {id(t) for t in (*net.parameters(), *net.buffers())}
    state = {name: t.clone() for name, t in net.state_dict().items()}
    random = torch.get_rng_state()
    read(net, x)
    assert [net.training, net.linear.training, net.norm.training] == [False, True, False]
    assert [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in net.modules()] == hooks
    assert {id(t) for t in (*net.parameters(), *net.buffers())} == tensors
    assert all(torch.equal(t, state[name]) for name, t in net.state_dict().items())
    assert torch.equal(torch.get_rng_state(), random)
    assert torch.equal(x, torch.ones(2, 3))


def test_a_module_is_left_as_it_was_after_an_error():
    net = nn.Sequential(nn.Dropout(), nn.Linear(4, 2))
    net[0].eval()
    with pytest.raises(ValueError, match=r"1 \(Linear\) does not run on .* shape \(2, 3\)"):
        record(net, torch.randn(2, 3))
    assert [m.training for m in net.modules()] == [True, False, True]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def test_other_parameters_are_put_back_under_every_name():
    layer = nn.Linear(2, 2)
    net = nn.ModuleDict({"a": layer, "b": nn.Sequential(layer)})
    weight, other = layer.weight, torch.zeros(2, 2)
    with pytest.raises(KeyboardInterrupt), temporary_state(net, {"a.weight": other}):
        assert net["b"][0].weight is other
        raise KeyboardInterrupt
    assert net["a"].weight is net["b"][0].weight is weight


def test_a_hook_that_only_looks_is_followed():
    seen = []
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    net[1].register_forward_hook(lambda module, args, output: seen.append(output.shape))
    graph = NetworkGraph.from_module(net, torch.randn(2, 3))
    assert seen
    assert graph.groups[1].freedom.positive
