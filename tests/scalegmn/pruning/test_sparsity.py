import torch
from torch import nn

from scalegmn.pruning import SparsityCount, magnitude, make_mask, parameters_in
from scalegmn.targets import SmallCNN


def test_weights_and_parameters_are_counted_apart():
    state = {"weight": torch.tensor([[1.0, 0.0], [0.0, 0.0]]), "bias": torch.tensor([0.0, 2.0])}
    count = SparsityCount.of(state)
    assert (count.parameters, count.nonzero, count.weights, count.nonzero_weights) == (6, 2, 4, 1)
    assert count.weight_sparsity == 3 / 4
    assert count.parameter_sparsity == 4 / 6


def test_the_small_cnn_at_ninety_percent_keeps_550():
    cnn = SmallCNN()
    for parameter in cnn.parameters():
        nn.init.normal_(parameter)  # biases start at zero
    make_mask(magnitude(cnn), 0.9).apply_(cnn)
    count = SparsityCount.of(cnn.state_dict())
    assert count.nonzero == 550
    assert count.weight_sparsity == 4420 / 4912
    assert count.parameter_sparsity == 4420 / 4970


def test_running_statistics_are_no_parameters():
    norm = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4))
    count = SparsityCount.of(norm.state_dict())
    assert count == SparsityCount.of(dict(norm.named_parameters()))
    assert (count.parameters, count.weights) == (36 + 4 + 8, 36)


class Odd(nn.Module):
    """With a buffer of two axes, and a weight that two layers share."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight
        self.register_buffer("grid", torch.ones(20, 20))


def test_buffers_are_no_parameters_and_tied_ones_count_once():
    net = Odd()
    with torch.no_grad():
        net.first.weight[0] = 0
    count = SparsityCount.of_network(net)
    assert (count.weights, count.nonzero_weights, count.parameters) == (9, 6, 15)
    params = parameters_in(net.state_dict(), net)
    assert set(params) == {"first.weight", "first.bias", "second.bias"}
    assert SparsityCount.of(params) == count


def test_no_parameters_are_not_sparse():
    assert SparsityCount.of({}).parameter_sparsity == 0
