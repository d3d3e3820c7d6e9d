import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.graph.channel_affine import ChannelAffine
from scalegmn.graph.fold import NORMS
from scalegmn.targets import VGG


def trained(net, x):
    """Give the normalisations statistics and affine maps of their own."""
    for module in net.modules():
        if isinstance(module, NORMS):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
        if isinstance(module, NORMS) and module.affine:
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return net.eval()


NETS = {
    "norms after both kinds of layers": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(),
        nn.Linear(4 * 36, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, 2),
    ),
    "one axis": lambda: nn.Sequential(
        nn.Flatten(2), nn.Conv1d(3, 4, 3), nn.BatchNorm1d(4), nn.ReLU(), nn.Flatten(),
        nn.Linear(4 * 62, 2),
    ),
    "shared norm": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), norm := nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3), norm,
        nn.Tanh(), nn.Flatten(), nn.Linear(64, 2),
    ),
    "synchronised norm": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.SyncBatchNorm(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2)
    ),
    "no norm": lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 1)),
}  # fmt: skip


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("example", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_folding_leaves_the_function(name, example):
    x = torch.randn(6, 3, 8, 8)
    net = trained(NETS[name](), x)
    folded = fold_batch_norm(net, x if example else None)
    assert_close(folded(x), net(x))
    assert not any(isinstance(m, NORMS) for m in folded.modules())
    graph = NetworkGraph.from_module(net, x)
    params = dict(folded.named_parameters())
    assert graph.parameters(*graph.features(params)).keys() == params.keys()


def test_a_vgg_with_batch_norm_has_the_graph_of_one_without():
    x = torch.zeros(1, 3, 32, 32)
    with_norm = NetworkGraph.from_module(VGG(11, batch_norm=True, width=4), x)
    without = NetworkGraph.from_module(VGG(11, width=4), x)
    assert with_norm.num_nodes == without.num_nodes
    assert [b.shape for b in with_norm.blocks] == [b.shape for b in without.blocks]


class Branching(nn.Module):
    """torch.fx cannot follow its branch on the shape."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)

    def forward(self, x):
        if len(x) < 1:
            raise ValueError("an empty batch")
        return self.fc(self.norm(self.conv(x)).relu().mean((2, 3)))


def test_an_example_shows_what_cannot_be_traced():
    x = torch.randn(6, 3, 8, 8)
    net = trained(Branching(), x)
    assert_close(fold_batch_norm(net, x)(x), net(x))
    with pytest.raises(ValueError, match="Branching: torch.fx cannot trace it .*example_input"):
        fold_batch_norm(net)


def test_raw_parameters_are_not_taken_for_folded_ones():
    x = torch.randn(6, 3, 8, 8)
    net = trained(NETS["norms after both kinds of layers"](), x)
    graph = NetworkGraph.from_module(net, x)
    message = r"no node or edge .*: 1\.bias, 1\.weight, 5\.bias, 5\.weight; .*fold_batch_norm"
    with pytest.raises(ValueError, match=message):
        graph.features(dict(net.named_parameters()))


def test_a_norm_without_parameters_is_read_once_folded():
    x = torch.randn(6, 3, 8, 8)
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False), nn.ReLU(),
                        nn.Flatten(), nn.Linear(144, 2))  # fmt: skip
    folded = fold_batch_norm(trained(net, x))
    assert_close(folded(x), net(x))
    graph = NetworkGraph.from_module(folded, x)
    assert graph.groups[1].bias == "0.bias"


def test_modes_gradients_and_names_stay():
    net = NETS["norms after both kinds of layers"]()
    net[0].requires_grad_(False)
    net[2].eval()
    folded = fold_batch_norm(net)
    assert [m.training for m in folded.modules()] == [m.training for m in net.modules()]
    trained_ = {name: p.requires_grad for name, p in folded.named_parameters()}
    assert trained_ == {
        "0.weight": False, "0.bias": False, "4.weight": True, "4.bias": True, "7.weight": True,
        "7.bias": True,
    }  # fmt: skip


class Aliased(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm2d(4)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), self.norm)

    def forward(self, x):
        return self.body(x).relu()


@pytest.mark.parametrize("example", [False, True])
def test_a_norm_of_two_names_is_replaced_under_both(example):
    x = torch.randn(6, 3, 8, 8)
    net = trained(Aliased(), x)
    assert_close(fold_batch_norm(net, x if example else None)(x), net(x))


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x):
        return self.conv(x)


class ReadTwice(Unused):
    def forward(self, x):
        return self.norm(y := self.conv(x)) + y


class UsedTwice(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3)

    def forward(self, x):
        return self.norm(self.conv(self.conv(x)))


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("example", [False, True])
@pytest.mark.parametrize(
    "net",
    [
        ReadTwice,
        UsedTwice,
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4)),
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.ReLU(), nn.BatchNorm1d(4)),
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.BatchNorm2d(4, affine=False)),
    ],
)
def test_a_norm_that_cannot_be_folded_becomes_affine(net, example):
    x = torch.randn(6, 3, 8, 8)
    net = trained(net(), x)
    folded = fold_batch_norm(net, x if example else None)
    assert_close(folded(x), net(x))
    assert sum(isinstance(m, ChannelAffine) for m in folded.modules()) == 1
    assert not any(isinstance(m, NORMS) for m in folded.modules())


@pytest.mark.parametrize("example", [False, True])
@pytest.mark.parametrize(
    ("net", "message"),
    [
        (Unused, r"norm \(BatchNorm2d\): is not used"),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)),
            r"1 \(BatchNorm2d\): has no running statistics \(track_running_stats=False\)",
        ),
    ],
)
def test_what_cannot_be_folded_is_refused_by_name(net, message, example):
    with pytest.raises(ValueError, match=message):
        fold_batch_norm(net(), torch.randn(2, 3, 8, 8) if example else None)
