import torch
from torch import fx, nn
from torch.testing import assert_close

from scalegmn.targets import SmallCNN


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_zoo_network_has_4970_parameters_under_published_names():
    shapes = {name: tuple(p.shape) for name, p in SmallCNN().named_parameters()}
    assert sum(torch.Size(shape).numel() for shape in shapes.values()) == 4970
    assert shapes == {
        "features.0.weight": (16, 1, 3, 3),
        "features.0.bias": (16,),
        "features.3.weight": (16, 16, 3, 3),
        "features.3.bias": (16,),
        "features.6.weight": (16, 16, 3, 3),
        "features.6.bias": (16,),
        "fc.weight": (10, 16),
        "fc.bias": (10,),
    }


def test_maps_shrink_as_with_stride_two_and_no_padding():
    maps, x = [], torch.zeros(1, 1, 32, 32)
    for layer in SmallCNN().features:
        x = layer(x)
        if isinstance(layer, nn.Conv2d):
            maps.append(x.shape[-1])
    assert maps == [15, 7, 3]
    assert x.shape == (1, 16)


def test_dropout_acts_in_training_only_and_renames_nothing():
    cnn, x = SmallCNN(dropout=0.5), torch.randn(4, 1, 32, 32)
    assert not torch.allclose(cnn(x), cnn(x))
    plain = SmallCNN()
    plain.load_state_dict(cnn.state_dict())
    assert_close(cnn.eval()(x), plain(x))


def test_other_widths_images_and_activations():
    cnn = SmallCNN(3, 7, width=4, activation=nn.Tanh)
    assert count(cnn) == (27 * 4 + 4) + 2 * (36 * 4 + 4) + (4 * 7 + 7)
    assert sum(isinstance(m, nn.Tanh) for m in cnn.modules()) == 3
    assert cnn(torch.zeros(2, 3, 15, 20)).shape == (2, 7)


def test_it_can_be_traced():
    cnn, x = SmallCNN(), torch.randn(2, 1, 32, 32)
    assert_close(fx.symbolic_trace(cnn)(x), cnn(x))
