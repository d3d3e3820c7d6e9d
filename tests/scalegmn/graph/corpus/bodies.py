"""Networks as torchvision, notebooks and papers' code write them, small."""

import torch
import torch.nn.functional as F
from torch import nn

from scalegmn.targets import Sine


class TorchvisionVGG(nn.Module):
    def __init__(self):
        super().__init__()
        layers, channels = [], 3
        for width in (4, "M", 5, 5, "M"):
            if width == "M":
                layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            else:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU(inplace=True)]
                channels = width
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Linear(5 * 4, 6), nn.ReLU(True), nn.Dropout(p=0.5), nn.Linear(6, 6), nn.ReLU(True),
            nn.Dropout(p=0.5), nn.Linear(6, 3),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class TorchvisionAlexNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 4, kernel_size=5, stride=2, padding=2), nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2), nn.Conv2d(4, 5, kernel_size=3, padding=1),
            nn.ReLU(inplace=True), nn.MaxPool2d(kernel_size=3, stride=2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((2, 2))
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(5 * 4, 6), nn.ReLU(inplace=True), nn.Linear(6, 3)
        )

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(x.view(x.size(0), 5 * 2 * 2))


class LoopedMLP(nn.Module):
    def __init__(self, sizes=(64, 6, 5, 3), activation=torch.relu):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False))
        self.activation = activation

    def forward(self, x):
        x = x.view(-1, 64)
        for k, layer in enumerate(self.layers):
            x = layer(x)
            if k < len(self.layers) - 1:
                x = self.activation(x)
        return x


class FromScratch(nn.Module):
    """Layers of parameters."""

    def __init__(self):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(3, 1, 3, 3))
        self.w1, self.b1 = nn.Parameter(torch.randn(4, 3)), nn.Parameter(torch.randn(4))
        self.w2 = nn.Parameter(torch.randn(2, 4))

    def forward(self, x):
        x = F.conv2d(x, self.kernel, stride=2).relu().amax(dim=(2, 3))
        return F.linear(torch.tanh(F.linear(x, self.w1, self.b1)), self.w2)


class SineLayer(nn.Module):
    """As in the notebook of SIREN's authors."""

    def __init__(self, n_in, n_out, omega_0=30.0):
        super().__init__()
        self.omega_0 = omega_0
        self.linear = nn.Linear(n_in, n_out)
        bound = (6 / n_in) ** 0.5 / omega_0
        nn.init.uniform_(self.linear.weight, -bound, bound)

    def forward(self, x):
        return torch.sin(self.omega_0 * self.linear(x))


def siren():
    return nn.Sequential(SineLayer(2, 5), SineLayer(5, 6), SineLayer(6, 5), nn.Linear(5, 1))


class SirenWithCoordinates(nn.Module):
    """Returns colours of a batch of points, after Sine modules."""

    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 5), Sine(), nn.Linear(5, 4), Sine(), nn.Linear(4, 3), nn.Sigmoid()
        )

    def forward(self, coords):
        coords = coords.clone().detach().requires_grad_(True)
        return self.net(coords)


class TextCNN(nn.Module):
    """One filter size of Kim's network, on embedded words (batch, word, dimension)."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv1d(4, 5, kernel_size=3, padding=1), nn.Linear(5, 2)

    def forward(self, x):
        x = F.relu(self.conv(x.transpose(1, 2)))
        return self.fc(F.max_pool1d(x, x.size(2)).squeeze(2))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 6), nn.ReLU(), nn.Linear(6, 3))
        self.decoder = nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 64))

    def forward(self, x):
        x = self.decoder(self.encoder(x.view(x.size(0), -1)))
        return torch.sigmoid(x).view(-1, 1, 8, 8)
