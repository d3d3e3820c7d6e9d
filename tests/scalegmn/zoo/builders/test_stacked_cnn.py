import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.formats import from_zoo_row
from scalegmn.formats.layout import SMALL_CNN
from scalegmn.targets import SmallCNN
from scalegmn.zoo.builders.stacked_cnn import grouped, small_cnn_layout, stacked_logits, unfolded

LAYERS = ("features.0", "features.3", "features.6", "fc")
MODULES = {torch.relu: torch.nn.ReLU, torch.tanh: torch.nn.Tanh}


def test_the_layout_is_that_of_the_zoo():
    assert small_cnn_layout(1, 10) == SMALL_CNN


@pytest.mark.parametrize("convolve", [grouped, unfolded])
@pytest.mark.parametrize("activation", [torch.relu, torch.tanh])
@pytest.mark.parametrize("k", [1, 3])
def test_each_network_says_what_it_says_alone(float64, convolve, activation, k):
    layout = small_cnn_layout(3, 7)
    rows = torch.randn(k, sum(v.size for v in layout), requires_grad=True)
    x = torch.randn(k, 4, 3, 32, 32)
    net = SmallCNN(3, 7, activation=MODULES[activation])
    alone = torch.stack(
        [functional_call(net, from_zoo_row(rows[i], LAYERS, layout), x[i]) for i in range(k)]
    )
    out = stacked_logits(rows, x, layout=layout, activation=activation, convolve=convolve)
    assert_close(out, alone)
    wanted, found = (torch.autograd.grad(o.square().sum(), rows)[0] for o in (alone, out))
    assert_close(found, wanted)
