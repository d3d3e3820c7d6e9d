import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE, SIGN
from scalegmn.targets import Sine


class Calls(nn.Module):
    """A network that is written with function calls."""

    def __init__(self, body, *layers):
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.body = body

    def forward(self, x):
        return self.body(x, *self.layers)


def graph_of(*layers, channels=1, size=8):
    return NetworkGraph.from_module(nn.Sequential(*layers), torch.zeros(2, channels, size, size))


@pytest.mark.parametrize(
    ("between", "freedom"),
    [
        ([nn.ReLU()], POSITIVE),
        ([nn.Tanh()], SIGN),
        ([Sine(30.0)], SIGN),
        ([nn.Identity()], ANY_FACTOR),
        ([nn.GELU()], NO_FACTOR),
        ([nn.MaxPool2d(2), nn.ReLU()], POSITIVE),
        ([nn.Tanh(), nn.MaxPool2d(2)], NO_FACTOR),
        ([nn.Tanh(), nn.AvgPool2d(2)], SIGN),
        ([nn.ReLU(), nn.Tanh()], NO_FACTOR),
        ([nn.Dropout(0.5), nn.LeakyReLU()], POSITIVE),
        ([nn.ReLU6()], NO_FACTOR),
        ([nn.Hardtanh(-2.0, 2.0)], SIGN),
        ([nn.Hardtanh(-1.0, 2.0)], NO_FACTOR),
        ([nn.RReLU()], POSITIVE),
        ([nn.Threshold(0.0, 0.0)], POSITIVE),
        ([nn.Threshold(0.1, 0.0)], NO_FACTOR),
        ([nn.ZeroPad2d(1), nn.ReLU(inplace=True)], POSITIVE),
        ([nn.ConstantPad2d(1, 0.0), nn.Tanh()], SIGN),
        ([nn.ConstantPad2d(1, 0.5)], NO_FACTOR),
        ([nn.ReflectionPad2d(1), nn.Upsample(scale_factor=2)], ANY_FACTOR),
    ],
)
def test_freedom_is_what_everything_before_the_next_weights_admits(between, freedom):
    graph = graph_of(nn.Conv2d(1, 3, 3), *between, nn.Conv2d(3, 2, 1))
    assert graph.groups[1].freedom == freedom


def test_function_calls_read_like_modules():
    def body(x, conv, fc):
        x = F.max_pool2d(F.relu(conv(x)), 2)
        return fc(torch.flatten(x, 1))

    net = Calls(body, nn.Conv2d(1, 3, 3), nn.Linear(3 * 3 * 3, 2))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 8, 8))
    assert graph.groups[1].freedom == POSITIVE
    assert (graph.blocks[1].n_in, graph.blocks[1].edge_dim) == (3, 9)


def test_global_average_by_mean():
    net = Calls(lambda x, c, fc: fc(c(x).tanh().mean((2, 3))), nn.Conv2d(1, 3, 3), nn.Linear(3, 2))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 8, 8))
    assert graph.groups[1].freedom == SIGN
    assert graph.blocks[1].edge_dim == 1


def test_the_module_is_left_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 1, 1))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    NetworkGraph.from_module(net, torch.randn(4, 1, 8, 8))
    assert net.training
    assert isinstance(net[1], nn.BatchNorm2d)
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())


@pytest.mark.parametrize(
    ("net", "message"),
    [
        (
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2)),
            r"1 \(InstanceNorm2d\): not supp",
        ),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.PReLU()), r"1 \(PReLU\): not supported"),
        (nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(6, 2)), r"1 \(Linear\): .*flatten first"),
        (nn.Sequential(nn.ReLU()), "no convolution or linear layer"),
        (nn.Sequential(nn.Conv2d(5, 3, 3)), "does not run on an input of shape"),
        (nn.Sequential(nn.ReLU(), nn.MaxPool2d(2)), "no convolution or linear layer"),
        (Calls(lambda x, c: x + c(x), nn.Conv2d(2, 2, 1)), "the network's input"),
        (Calls(lambda x, c: c(c(x)), nn.Conv2d(2, 2, 1)), "is used twice"),
        (Calls(lambda x, c: torch.cat([c(x), x], 1), nn.Conv2d(2, 2, 1)), "made by layers"),
        (Calls(lambda x, c: torch.cumsum(c(x), 1), nn.Conv2d(2, 2, 1)), "cumsum.*not supported"),
        (Calls(lambda x, c: c(x) * c(x), nn.Conv2d(2, 2, 1)), "is used twice"),
        (Calls(lambda x, c: x * c(x), nn.Conv2d(2, 2, 1)), "mul .*joins 2 signals"),
        (Calls(lambda x, c: 1 / c(x), nn.Conv2d(2, 2, 1)), "__rdiv__ .*not supported"),
        (Calls(lambda x, c: c(x).relu().mean((1, 2)), nn.Conv2d(2, 6, 1)), "mean .*mixes channels"),
        (Calls(lambda x, c, d: c(x), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)), "no layer.*layers.1"),
        (Calls(lambda x, c: c(x) if x.sum() > 0 else x, nn.Conv2d(2, 2, 1)), "__bool__ .*values"),
    ],
)
def test_what_the_graph_cannot_express_is_refused_by_name(net, message, capfd):
    channels = 1 if "Conv2d(1" in str(net) else 2
    with pytest.raises(ValueError, match=message):
        NetworkGraph.from_module(net, torch.zeros(1, channels, 8, 8))
    assert not capfd.readouterr().err
