import pytest
import torch
from torch import fx, nn
from torch.testing import assert_close

from scalegmn.targets import ResNet


@pytest.mark.parametrize(("depth", "parameters"), [(20, 272_474), (56, 855_770)])
def test_sizes(depth, parameters):
    with torch.device("meta"):
        net = ResNet(depth)
    # Of the paper's option A, 269,722 and 853,018: two 1x1 convolutions and their norms are 2,752.
    assert sum(p.numel() for p in net.parameters()) == parameters
    three_by_three = [m for m in net.modules() if getattr(m, "kernel_size", 0) == (3, 3)]
    assert len(three_by_three) + 1 == depth
    assert isinstance(net.stage1[0].shortcut, nn.Identity)
    assert [m[0].shortcut[0].stride for m in (net.stage2, net.stage3)] == [(2, 2), (2, 2)]


@pytest.mark.parametrize("depth", [2, 19])
def test_another_depth_is_refused(depth):
    with pytest.raises(ValueError, match=rf"target\.net\.depth={depth}: expected 6n \+ 2"):
        ResNet(depth)


def test_it_can_be_traced():
    net, x = ResNet(8, in_channels=1, num_classes=4).eval(), torch.randn(2, 1, 20, 16)
    assert net(x).shape == (2, 4)
    assert_close(fx.symbolic_trace(net)(x), net(x))
