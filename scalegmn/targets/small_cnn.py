"""The CNN of the Small CNN Zoo."""

from collections.abc import Callable
from typing import no_type_check

from torch import nn


class SmallCNN(nn.Module):
    """Three strided convolutions, a global average and one dense layer: 4,970 parameters.

    Each convolution is 3×3 with stride 2 and no padding, followed by the activation and dropout;
    32×32 images become maps of 15×15, 7×7 and 3×3. Dropout modules exist even at rate 0, so that
    the names ``features.{0,3,6}`` and ``fc`` are those of published files. Convolutions start from
    He's normal initialisation with zero biases.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448.

    Args:
        in_channels: channels of the images ``(batch, in_channels, height, width)``; height and
            width are at least 15.
        num_classes: length of the output ``(batch, num_classes)`` of logits.
        width: output channels of each convolution.
        activation: makes one activation module per convolution.
        dropout: rate after each activation.
    """

    def __init__(
        self,
        in_channels: int = 1,
        num_classes: int = 10,
        *,
        width: int = 16,
        activation: Callable[[], nn.Module] = nn.ReLU,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for channels in (in_channels, width, width):
            conv = nn.Conv2d(channels, width, kernel_size=3, stride=2)
            # PyTorch's default is so small that ten more epochs are lost at the start.
            nn.init.kaiming_normal_(conv.weight)
            conv.bias.data.zero_()  # type: ignore[union-attr]
            layers += [conv, activation(), nn.Dropout(dropout)]
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.fc = nn.Linear(width, num_classes)

    @no_type_check  # torch.fx traces it with proxies, which are no tensors.
    def forward(self, x):
        return self.fc(self.features(x))
