from copy import deepcopy
from time import process_time

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import hvp
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.pruning import balanced, grasp, make_mask
from scalegmn.symmetry import PermScale
from scalegmn.targets import VGG, SmallCNN

CUDA = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class Net(nn.Module):
    """Has everything that a score could disturb, and a parameter that is not used."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.dropout = nn.Dropout()
        self.last = nn.Linear(6, 10)
        self.unused = nn.Linear(2, 2)

    def forward(self, x):
        h = self.dropout(self.norm(self.first(x)).relu())
        return self.last(h.mean((2, 3)))


def batches(*sizes, image=8):
    return [(torch.randn(n, 1, image, image), torch.randint(10, (n,))) for n in sizes]


def independent(net, data, names, temperature=1.0):
    """θ ⊙ Hg by autograd's own Hessian-vector product of the mean loss."""
    net = deepcopy(net).eval()
    x, y = (torch.cat(parts) for parts in zip(*data, strict=True))
    values = tuple(net.get_parameter(name).detach() for name in names)

    def loss(*weights):
        logits = functional_call(net, dict(zip(names, weights, strict=True)), (x,))
        return F.cross_entropy(logits / temperature, y)

    g = torch.func.grad(loss, tuple(range(len(values))))(*values)
    _, product = hvp(loss, values, g)
    return {name: v * hg for name, v, hg in zip(names, values, product, strict=True)}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("temperature", [1.0, 200.0])
def test_it_is_the_weight_times_hessian_times_gradient_of_the_mean_loss(temperature):
    net, data = Net(), batches(5, 3, 4)
    scores = grasp(net, data, batches=2, temperature=temperature)
    expected = independent(net, data[:2], ["first.weight", "last.weight"], temperature)
    for name, score in expected.items():
        assert score.abs().max() > 0
        assert_close(scores[name], score, rtol=1e-9, atol=0)
    assert scores.keys() == {"first.weight", "last.weight", "unused.weight"}
    assert (scores["unused.weight"] == 0).all()
    assert not any(s.requires_grad for s in scores.values())


@pytest.mark.usefixtures("float64")
def test_biases_take_part_in_the_gradient_where_they_are_prunable():
    net, data = Net(), batches(6)
    scores = grasp(net, data, temperature=1.0, prune_biases=True)
    names = [name for name, _ in net.named_parameters()]
    assert list(scores) == names
    used = [name for name in names if not name.startswith("unused")]
    for name, score in independent(net, data, used).items():
        assert_close(scores[name], score, rtol=1e-9, atol=0)


@pytest.mark.usefixtures("float64")
def test_the_parameters_without_which_the_gradient_grows_most_are_pruned_first():
    net, data = SmallCNN().eval(), batches(16, image=32)
    scores = grasp(net, data, temperature=1.0)
    (x, y), names = data[0], list(scores)

    def flow(network):
        loss = F.cross_entropy(network(x), y)
        weights = [network.get_parameter(name) for name in names]
        return sum(g.square().sum() for g in torch.autograd.grad(loss, weights))

    before = flow(net)
    for choose in (torch.argmin, torch.argmax):
        i = choose(scores["features.3.weight"])
        smaller = deepcopy(net)
        with torch.no_grad():
            smaller.features[3].weight.view(-1)[i] *= 1 - 1e-5
        change = (flow(smaller) - before) / 1e-5
        score = scores["features.3.weight"].flatten()[i]
        assert_close(change, -2 * score, rtol=1e-3, atol=0)
    low, high = scores["features.3.weight"].aminmax()
    assert low < 0 < high
    keep = make_mask(scores, 0.5).keep["features.3.weight"]
    assert not keep.view(-1)[scores["features.3.weight"].argmin()]
    assert keep.view(-1)[scores["features.3.weight"].argmax()]


@pytest.mark.usefixtures("float64")
def test_rescaling_hidden_units_changes_it_unless_they_are_balanced():
    net, example = SmallCNN(), torch.zeros(1, 1, 32, 32)
    graph = NetworkGraph.from_module(net, example)
    scale = PermScale.sample(graph, spread=10.0).scale
    moved = deepcopy(net)
    g = PermScale(graph, torch.arange(graph.num_nodes), scale)
    moved.load_state_dict(g.on_parameters(dict(net.named_parameters())))
    data = batches(4, image=32)
    raw, of_moved = grasp(net, data), grasp(moved, data)
    ours, theirs = grasp(balanced(net, example), data), grasp(balanced(moved, example), data)
    for name in raw:
        assert not torch.allclose(of_moved[name], raw[name], rtol=0.1, atol=0)
        assert_close(theirs[name], ours[name], rtol=1e-3, atol=1e-6 * ours[name].abs().max().item())


def test_a_layer_of_zeros_has_scores_of_zero_and_is_counted_exactly():
    net = SmallCNN()
    with torch.no_grad():
        net.features[3].weight.zero_()
    scores = grasp(net, batches(4, image=32))
    assert (scores["features.3.weight"] == 0).all()
    for sparsity in (0.6, 0.9):
        mask = make_mask(scores, sparsity, min_per_layer=5)
        pruned = sum(int((~keep).sum()) for keep in mask.keep.values())
        assert pruned == int(sum(s.numel() for s in scores.values()) * sparsity)
        assert min(int(keep.sum()) for keep in mask.keep.values()) >= 5


def test_the_network_is_left_as_it_was():
    net, data = Net(), batches(4)
    net.norm.eval()
    net.first.requires_grad_(False)
    net.last.weight.grad = torch.ones_like(net.last.weight)
    before = deepcopy(net.state_dict())
    modes = {name: m.training for name, m in net.named_modules()}
    torch.manual_seed(3)
    expected = torch.rand(())
    torch.manual_seed(3)
    with torch.no_grad():
        scores = grasp(net, data, prune_biases=True)
    assert (scores["first.weight"] != 0).any()
    assert torch.rand(()) == expected
    assert {name: m.training for name, m in net.named_modules()} == modes
    assert all(torch.equal(before[name], t) for name, t in net.state_dict().items())
    assert not net.first.weight.requires_grad and net.last.weight.requires_grad
    assert (net.last.weight.grad == 1).all() and net.last.bias.grad is None


def test_a_network_that_uses_none_of_its_weights_scores_zero():
    class Constant(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Linear(2, 2)
            self.logits = nn.Parameter(torch.zeros(10))

        def forward(self, x):
            return self.logits.expand(len(x), 10)

    assert (grasp(Constant(), batches(3))["unused.weight"] == 0).all()


def test_it_needs_a_batch_and_a_temperature():
    with pytest.raises(ValueError, match=r"grasp needs at least 1 batch .* batches=0"):
        grasp(Net(), batches(2), batches=0)
    with pytest.raises(ValueError, match="grasp needs training images, and the data is empty"):
        grasp(Net(), [])
    with pytest.raises(ValueError, match="temperature above 0, got temperature=0.0"):
        grasp(Net(), batches(2), temperature=0.0)


def test_a_million_weights_take_seconds():
    net = VGG(16, width=16)
    data = [(torch.randn(2, 3, 32, 32), torch.randint(10, (2,)))]
    start = process_time()
    scores = grasp(net, data)
    mask = make_mask(scores, 0.9)
    assert process_time() - start < 8
    total = sum(s.numel() for s in scores.values())
    assert sum(int((~keep).sum()) for keep in mask.keep.values()) == int(total * 0.9)


@CUDA
def test_it_moves_the_images_to_the_network():
    net, data = Net().double(), batches(4)
    on_gpu = grasp(deepcopy(net).cuda(), data)
    for name, score in grasp(net, data).items():
        assert_close(on_gpu[name].cpu(), score, rtol=1e-6, atol=1e-12)
