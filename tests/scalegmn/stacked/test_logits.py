"""Networks that can be stacked, and those that cannot."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from scalegmn.stacked import check_stackable
from scalegmn.stacked.logits import StackedLogits
from scalegmn.stacked.side_by_side import fits
from scalegmn.targets import VGG, SmallCNN

X = torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))


class Functional(nn.Module):
    """Dropout that is no layer."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1024, 4)

    def forward(self, x):
        return self.fc(F.dropout(x.flatten(1), 0.5, self.training))


class SharedReLU(nn.Module):
    """One layer that reads images, and what a convolution makes."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 3, stride=4), nn.Conv2d(2, 8, 1)
        self.relu = nn.ReLU()
        self.last = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))

    def forward(self, x):
        return self.last(self.relu(self.second(self.relu(self.first(self.relu(x))))))


class Branching(Functional):
    """What ``vmap`` cannot follow."""

    def forward(self, x):
        out = self.fc(x.flatten(1))
        return out if out.sum() > 0 else -out


@pytest.mark.parametrize(
    ("net", "reason"),
    [
        (SmallCNN(dropout=0.1), r"Dropout \(features.2\) cannot be stacked"),
        (VGG(11, in_channels=1, width=1), r"Dropout \(classifier.0\) cannot be stacked"),
        (
            VGG(11, in_channels=1, width=1, dropout=0.0, batch_norm=True),
            r"BatchNorm2d \(features.1\) cannot be stacked",
        ),
        (Functional(), "Functional computes something else in training than in evaluation"),
        (Branching(), "Branching cannot be stacked: .*"),
    ],
    ids=["dropout", "VGG", "batch norm", "functional", "branching"],
)
def test_what_cannot_be_stacked_is_refused_by_name(net, reason):
    with pytest.raises(ValueError, match=f"^{reason}"):
        check_stackable(net, X)


def test_dropout_of_rate_0_is_none():
    check_stackable(SmallCNN(dropout=0.0), X)
    check_stackable(VGG(11, in_channels=1, width=1, dropout=0.0), X)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(
    "make",
    [
        lambda: SmallCNN(1, 4, width=3),
        lambda: SmallCNN(1, 4, width=1),
        lambda: VGG(11, in_channels=1, width=2, dropout=0.0),
        lambda: nn.Sequential(
            nn.Conv2d(1, 2, 5, padding="same", bias=False),
            *(nn.SiLU(), nn.MaxPool2d(8), nn.Flatten(), nn.Linear(32, 4, bias=False)),
        ),
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(1024, 5), nn.ReLU(), nn.Linear(5, 4)),
        lambda: SharedReLU(),
    ],
    ids=["small CNN", "width 1", "VGG", "no biases", "MLP", "shared ReLU"],
)
def test_both_ways_give_the_logits_of_each_network(make, k):
    nets = [make().double() for _ in range(k)]
    logits = StackedLogits(nets[0])
    assert fits(nets[0]) and logits.side_by_side is not None
    rows = torch.stack([logits.row(dict(net.named_parameters())) for net in nets])
    expected = torch.stack([net.eval()(X.double()) for net in nets])
    images = X.double()
    assert torch.allclose(logits(rows, images), expected)
    assert torch.equal(images, X.double())
    logits.side_by_side = None
    assert torch.allclose(logits(rows, images), expected)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize(
    "make",
    [
        lambda: SmallCNN(1, 4, width=12),
        lambda: SharedReLU(),
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, (3, 2), stride=(4, 3), padding=(2, 1), bias=False),
            *(nn.ReLU(), nn.Conv2d(16, 40, 1), nn.ReLU(), nn.AvgPool2d(9)),
            *(nn.Flatten(), nn.Linear(40, 4)),
        ),
        lambda: nn.Sequential(
            nn.Conv2d(1, 16, 3, dilation=5), nn.ReLU(), nn.AvgPool2d(22), nn.Flatten()
        ),
    ],
    ids=["small CNN", "shared ReLU", "odd shapes", "dilation"],
)
def test_both_ways_give_the_same_gradients(make, k):
    nets = [make().double() for _ in range(k)]
    logits = StackedLogits(nets[0])
    rows = torch.stack([logits.row(dict(net.named_parameters())) for net in nets]).requires_grad_()
    (found,) = torch.autograd.grad(logits(rows, X.double()).square().sum(), rows)
    logits.side_by_side = None
    (expected,) = torch.autograd.grad(logits(rows, X.double()).square().sum(), rows)
    assert torch.allclose(found, expected)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular"),
        nn.ConvTranspose2d(1, 1, 3),
        nn.LayerNorm(32),
        nn.Softmax(1),
        nn.Flatten(2),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_that_mix_channels_are_left_to_vmap(layer):
    assert not fits(nn.Sequential(layer))


def test_grouped_convolutions_are_left_to_vmap():
    assert not fits(nn.Sequential(nn.Conv2d(2, 2, 3, groups=2)))
    assert not fits(Functional())
