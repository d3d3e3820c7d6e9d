"""ResNets for small images."""

from collections.abc import Callable
from typing import no_type_check

from torch import nn


class ResNet(nn.Module):
    """Three stages of basic blocks with 16, 32 and 64 channels.

    The stream of a stage is one node group: all blocks add their outputs to it. Where a stage
    begins, a 1×1 convolution with stride 2 takes the stream along (option B of the paper; its
    option A pads channels with zeros, and so ties the streams of all stages).

    Reference: He et al., *Deep Residual Learning for Image Recognition*, 2016, arXiv:1512.03385,
    section 4.2. With its 1×1 convolutions, ResNet-20 has 272,474 parameters on RGB images.

    Args:
        depth: 20, 32, 44, 56 or 110: six layers for each block in a stage, and two.
        in_channels: channels of the images ``(batch, in_channels, height, width)``.
        num_classes: length of the output ``(batch, num_classes)`` of logits.

    Raises:
        ValueError: if the depth is not 6n + 2.
    """

    def __init__(self, depth: int = 20, *, in_channels: int = 3, num_classes: int = 10) -> None:
        super().__init__()
        blocks, rest = divmod(depth - 2, 6)
        if rest or blocks < 1:
            raise ValueError(f"target.net.depth={depth}: expected 6n + 2, such as 20 or 56")
        self.conv = nn.Conv2d(in_channels, 16, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.stage1 = _stage(blocks, 16, 16, stride=1)
        self.stage2 = _stage(blocks, 16, 32, stride=2)
        self.stage3 = _stage(blocks, 32, 64, stride=2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(64, num_classes)
        _initialize(self)

    @no_type_check  # torch.fx traces it with proxies, which are no tensors.
    def forward(self, x):
        x = self.relu(self.norm(self.conv(x)))
        x = self.stage3(self.stage2(self.stage1(x)))
        return self.classifier(self.pool(x).flatten(1))


class BasicBlock(nn.Module):
    """Two 3×3 convolutions, added to the stream.

    Args:
        n_in: channels of the input.
        n_out: channels of the output.
        stride: of the first convolution.
        shortcut: takes the input to the output.
    """

    def __init__(
        self, n_in: int, n_out: int, *, stride: int, shortcut: Callable[[], nn.Module]
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(n_out)
        self.shortcut = shortcut()
        self.relu = nn.ReLU()

    @no_type_check
    def forward(self, x):
        out = self.relu(self.norm1(self.conv1(x)))
        return self.relu(self.norm2(self.conv2(out)) + self.shortcut(x))


def _stage(blocks: int, n_in: int, n_out: int, *, stride: int) -> nn.Sequential:
    def projection() -> nn.Module:
        conv = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(n_out))

    first = nn.Identity if n_in == n_out else projection
    layers = [BasicBlock(n_in, n_out, stride=stride, shortcut=first)]
    for _ in range(blocks - 1):
        layers.append(BasicBlock(n_out, n_out, stride=1, shortcut=nn.Identity))
    return nn.Sequential(*layers)


def _initialize(net: nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
