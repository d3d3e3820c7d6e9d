"""VGG for 32×32 images."""

from collections.abc import Sequence
from typing import no_type_check

from torch import nn

# Convolutions per stage; a 2×2 max-pool ends each stage.
STAGES = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
# Channels of each stage, in widths.
MULTIPLES = (1, 2, 4, 8, 8)


class VGG(nn.Module):
    """VGG with a three-layer classifier, for 32×32 images.

    Parameters have the names of the widely used CIFAR-10 files: ``features.N`` and
    ``classifier.{1,4,6}``. VGG19 without BatchNorm has 20,554,826 parameters.

    Reference: Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image
    Recognition*, 2015, arXiv:1409.1556; layout of github.com/chengyangfu/pytorch-vgg-cifar10.

    Args:
        depth: number of layers with weights: 11, 13, 16 or 19.
        in_channels: channels of the images ``(batch, in_channels, 32, 32)``.
        num_classes: length of the output ``(batch, num_classes)`` of logits.
        width: channels of the first stage; the others have 2, 4, 8 and 8 times as many, dense
            layers 8 times. The published networks have 64.
        batch_norm: put BatchNorm between each convolution and its ReLU.
        dropout: rate before the first two dense layers.

    Raises:
        ValueError: if there is no VGG of that depth or width.
    """

    def __init__(
        self,
        depth: int = 19,
        *,
        in_channels: int = 3,
        num_classes: int = 10,
        width: int = 64,
        batch_norm: bool = False,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        if depth not in STAGES:
            known = ", ".join(map(str, STAGES))
            raise ValueError(f"there is no VGG of depth {depth}; the depths are {known}")
        if width < 1:
            raise ValueError(f"the width of a VGG must be at least 1, got {width}")
        widths = [width * multiple for multiple in MULTIPLES]
        hidden = widths[-1]
        self.features = nn.Sequential(*_features(depth, in_channels, widths, batch_norm))
        self.flatten = nn.Flatten()
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
            nn.Linear(hidden, num_classes),
        )
        self.apply(_initialise_)

    @no_type_check  # torch.fx traces it with proxies, which are no tensors.
    def forward(self, x):
        return self.classifier(self.flatten(self.features(x)))


def _features(
    depth: int, channels: int, widths: Sequence[int], batch_norm: bool
) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for convolutions, width in zip(STAGES[depth], widths, strict=True):
        for _ in range(convolutions):
            layers.append(nn.Conv2d(channels, width, kernel_size=3, padding=1))
            layers += [nn.BatchNorm2d(width), nn.ReLU()] if batch_norm else [nn.ReLU()]
            channels = width
        layers.append(nn.MaxPool2d(2))
    return layers


def _initialise_(module: nn.Module) -> None:
    # He's, dense layers included: from PyTorch's default the first epochs of 19 layers without
    # BatchNorm are lost.
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)
