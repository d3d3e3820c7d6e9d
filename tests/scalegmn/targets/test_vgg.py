import math

import pytest
import torch
from torch import fx, nn
from torch.testing import assert_close

from scalegmn.targets import VGG


@pytest.fixture
def meta():
    """Builds modules without memory or initialisation."""
    with torch.device("meta"):
        yield


def weights(vgg, kind):
    return [name for name, m in vgg.named_modules() if isinstance(m, kind)]


def count(vgg):
    return sum(p.numel() for p in vgg.parameters())


def test_vgg19_has_the_published_names_and_size(meta):
    vgg = VGG(19)
    assert count(vgg) == 20_554_826
    at = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34]
    assert weights(vgg, nn.Conv2d) == [f"features.{i}" for i in at]
    assert weights(vgg, nn.Linear) == ["classifier.1", "classifier.4", "classifier.6"]
    assert len(vgg.features) == 37


def test_batch_norm_follows_each_convolution(meta):
    vgg = VGG(19, batch_norm=True)
    at = [int(name.split(".")[1]) for name in weights(vgg, nn.Conv2d)]
    assert at == [0, 3, 7, 10, 14, 17, 20, 23, 27, 30, 33, 36, 40, 43, 46, 49]
    assert weights(vgg, nn.BatchNorm2d) == [f"features.{i + 1}" for i in at]
    assert count(vgg) == 20_554_826 + 2 * 5_504


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_depth_counts_the_layers_with_weights(meta, depth):
    vgg = VGG(depth, in_channels=1, num_classes=7)
    assert len(weights(vgg, (nn.Conv2d, nn.Linear))) == depth
    assert vgg(torch.empty(2, 1, 32, 32, device="meta")).shape == (2, 7)


def test_width_scales_all_but_the_ends(meta):
    narrow, wide = VGG(19, width=8), VGG(19)
    for name, parameter in narrow.named_parameters():
        expected = [n if n in (3, 10) else n // 8 for n in wide.get_parameter(name).shape[:2]]
        assert list(parameter.shape[:2]) == expected
    assert narrow(torch.empty(2, 3, 32, 32, device="meta")).shape == (2, 10)
    with pytest.raises(ValueError, match="width of a VGG must be at least 1, got 0"):
        VGG(width=0)


@pytest.mark.parametrize("depth", [0, 12, 20])
def test_another_depth_is_refused(depth):
    with pytest.raises(ValueError, match=f"no VGG of depth {depth}; the depths are 11, 13, 16, 19"):
        VGG(depth)


def test_it_starts_from_he():
    for layer in (m for m in VGG(11).modules() if isinstance(m, nn.Conv2d | nn.Linear)):
        expected = math.sqrt(2 / layer.weight[0].numel())
        assert layer.weight.std().item() == pytest.approx(expected, rel=0.1)
        assert not layer.bias.any()


def test_it_can_be_traced():
    vgg, x = VGG(11).eval(), torch.randn(1, 3, 32, 32)
    assert_close(fx.symbolic_trace(vgg)(x), vgg(x))
