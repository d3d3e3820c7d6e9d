"""LeNets as tutorials write them, small."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class LeNet(nn.Module):
    """Subclasses say how maps become features."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 3, 3), nn.Conv2d(3, 4, 3)
        self.fc1, self.fc2 = nn.Linear(4 * 2 * 2, 5), nn.Linear(5, 3)

    def maps(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        return F.max_pool2d(F.relu(self.conv2(x)), 2)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(self.flat(self.maps(x)))))


class FixedView(LeNet):
    def flat(self, x):
        return x.view(-1, 16)


class SizeView(LeNet):
    def flat(self, x):
        return x.view(x.size(0), -1)


class ShapeReshape(LeNet):
    def flat(self, x):
        return x.reshape(x.shape[0], -1)


class LengthView(LeNet):
    def flat(self, x):
        return x.view(len(x), x[0].numel())


class CountedFeatures(LeNet):
    """PyTorch's first tutorial."""

    def flat(self, x):
        features = 1
        for size in x.size()[1:]:
            features *= size
        return x.view(-1, features)


class StarredShape(LeNet):
    def flat(self, x):
        batch, *rest = x.shape
        assert len(rest) == 3, f"expected maps, got {tuple(x.shape)}"
        return torch.reshape(x, (batch, rest[0] * rest[1] * rest[2]))


class NumPyShape(LeNet):
    def flat(self, x):
        return x.view(x.size(0), np.prod(x.shape[1:]))


class TupleView(LeNet):
    def flat(self, x):
        return x.view((x.shape[0], x.size()[1:].numel())).type(self.fc1.weight.dtype)


class LogSoftmaxAndDropout(LeNet):
    """PyTorch's MNIST example."""

    def __init__(self):
        super().__init__()
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = self.dropout1(F.max_pool2d(F.relu(F.max_pool2d(self.conv2(x), 2)), 2))
        x = self.dropout2(F.relu(self.fc1(torch.flatten(F.interpolate(x, (2, 2)), 1))))
        return F.log_softmax(self.fc2(x), dim=1)


class FunctionalDropout(LeNet):
    def forward(self, x):
        x = self.maps(x).flatten(1)
        x = F.dropout(F.relu(self.fc1(x)), training=self.training)
        return F.softmax(self.fc2(x), dim=-1)


class OptionalArguments(LeNet):
    def forward(self, x, mask=None, return_features=False, *args, **kwargs):
        features = self.fc1(self.maps(x).flatten(1)).relu()
        if mask is not None:
            features = features * mask
        return (self.fc2(features), features) if return_features else self.fc2(features)


class ShapeBranches(LeNet):
    def forward(self, x):
        if x.dim() == 3:
            x = x.unsqueeze(1)
        if x.shape[1] != 1:
            raise RuntimeError("gray images only")
        assert x.ndim == 4 and not torch.is_complex(x)
        return self.fc2(self.fc1(self.maps(x).flatten(start_dim=1)).relu())


class KeepsFeatures(LeNet):
    """Looks at its channels on the way."""

    def forward(self, x):
        x = self.maps(x)
        self.attention = x.mean(1)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class NormalizesInput(LeNet):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.5]).view(1, 1, 1, 1))
        self.register_buffer("std", torch.tensor([0.2]).view(1, 1, 1, 1))

    def forward(self, x):
        x = self.maps((x - self.mean) / self.std)
        return self.fc2(self.fc1(x.flatten(1)).relu())


class BytesIn(LeNet):
    def forward(self, x):
        x = self.maps(x.float() / 255)
        return self.fc2(self.fc1(x.flatten(1)).relu())


class Alias(LeNet):
    """A layer under two names, which is used once."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(self.conv1, nn.ReLU(), nn.MaxPool2d(2), self.conv2)

    def forward(self, x):
        return self.fc2(self.fc1(F.max_pool2d(self.body(x).relu_(), 2).flatten(1)).tanh())
