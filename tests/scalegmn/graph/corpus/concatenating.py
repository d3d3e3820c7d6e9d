"""Networks whose maps are concatenated."""

import torch
import torch.nn.functional as F
from torch import nn


class DenseLayer(nn.Module):
    """Of torchvision's DenseNet: normalisation, ReLU, convolution, and a concatenation."""

    def __init__(self, n_in, growth):
        super().__init__()
        self.norm1, self.conv1 = nn.BatchNorm2d(n_in), nn.Conv2d(n_in, 4, 1, bias=False)
        self.norm2, self.conv2 = nn.BatchNorm2d(4), nn.Conv2d(4, growth, 3, 1, 1, bias=False)

    def forward(self, features):
        x = torch.cat(features, 1)
        x = self.conv1(F.relu(self.norm1(x)))
        return self.conv2(F.relu(self.norm2(x)))


class DenseNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.layers = nn.ModuleList([DenseLayer(4, 2), DenseLayer(6, 3), DenseLayer(9, 2)])
        self.norm5, self.classifier = nn.BatchNorm2d(11), nn.Linear(11, 3)

    def forward(self, x):
        features = [self.conv0(x)]
        for layer in self.layers:
            features.append(layer(features))
        x = F.relu(self.norm5(torch.cat(features, 1)), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Inception(nn.Module):
    """Parallel branches, concatenated and flattened over their maps."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)
        self.one = nn.Conv2d(4, 3, 1)
        self.three = nn.Sequential(nn.Conv2d(4, 2, 1), nn.ReLU(), nn.Conv2d(2, 4, 3, padding=1))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(4, 2, 1))
        self.fc = nn.Linear(9 * 64, 3)

    def forward(self, x):
        x = self.stem(x).relu()
        x = torch.cat([self.one(x), self.three(x), self.pool(x)], dim=1).relu()
        return self.fc(x.flatten(1))


class Ghost(nn.Module):
    """Half of the maps are made of the other half, and both are added to one stream."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.primary, self.cheap = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 4, 3, 1, 1, groups=4)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.stem(x)
        y = self.primary(x.relu()).relu()
        y = torch.cat([y, self.cheap(y)], 1)
        return self.fc((x + y).mean((2, 3)))


class Doubled(nn.Module):
    """Maps stand twice in a stream, so that a channel of each branch is one node with both."""

    def __init__(self):
        super().__init__()
        self.both, self.one, self.two = (nn.Conv2d(3, 4, 3, 2, 1) for _ in range(3))
        self.mix, self.fc = nn.Conv2d(8, 5, 1), nn.Linear(5, 3)

    def forward(self, x):
        both = self.both(x)
        y = torch.cat([both, both], 1) + torch.cat([self.one(x), self.two(x)], 1)
        return self.fc(self.mix(y.relu()).relu().mean((2, 3)))


class Widened(nn.Module):
    """A shortcut that widens by repetition: two channels of one layer are one node."""

    def __init__(self):
        super().__init__()
        self.narrow, self.wide = nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 8, 3, 1, 1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x):
        x = self.narrow(x).relu()
        return self.fc((self.wide(x) + torch.cat([x, x], 1)).relu().mean((2, 3)))


CONCATENATING = {
    "DenseNet": DenseNet,
    "Inception": Inception,
    "Ghost": Ghost,
    "doubled maps": Doubled,
    "shortcut of doubled maps": Widened,
}
