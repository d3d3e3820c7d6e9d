"""Networks with more than one path, as their authors and torchvision write them, but narrow."""

import torch
import torch.nn.functional as F
from torch import nn

from tests.scalegmn.graph.corpus.concatenating import CONCATENATING


class BasicBlock(nn.Module):
    """Of torchvision's ResNet-18."""

    def __init__(self, inplanes, planes, stride=1, downsample=None):
        super().__init__()
        self.conv1 = nn.Conv2d(inplanes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = downsample

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet18(nn.Module):
    def __init__(self, width=4, num_classes=3):
        super().__init__()
        self.inplanes = width
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = self._layer(width, 1)
        self.layer2 = self._layer(2 * width, 2)
        self.layer3 = self._layer(3 * width, 2)
        self.layer4 = self._layer(4 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(4 * width, num_classes)

    def _layer(self, planes, stride):
        downsample = None
        if stride != 1 or self.inplanes != planes:
            downsample = nn.Sequential(
                nn.Conv2d(self.inplanes, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )
        first = BasicBlock(self.inplanes, planes, stride, downsample)
        self.inplanes = planes
        return nn.Sequential(first, BasicBlock(planes, planes))

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class LambdaLayer(nn.Module):
    def __init__(self, planes):
        super().__init__()
        self.planes = planes

    def forward(self, x):
        more = self.planes // 4
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, more, more), "constant", 0)


class PaddedBlock(nn.Module):
    """Option A of He et al.: shortcuts without parameters, as the widely used CIFAR code has."""

    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        same = stride == 1 and in_planes == planes
        self.shortcut = nn.Sequential() if same else LambdaLayer(planes)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return F.relu(out)


class PaddedResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        self.layer1 = PaddedBlock(4, 4)
        self.layer2 = PaddedBlock(4, 8, 2)
        self.layer3 = PaddedBlock(8, 16, 2)
        self.linear = nn.Linear(16, 3)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.layer3(self.layer2(self.layer1(out)))
        out = F.avg_pool2d(out, out.size()[3])
        return self.linear(out.view(out.size(0), -1))


def conv_bn(n_in, n_out, kernel, stride=1, groups=1, act=nn.ReLU6):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out),
        act(inplace=True),
    )


class InvertedResidual(nn.Module):
    """Of torchvision's MobileNetV2."""

    def __init__(self, inp, oup, stride, expand, act):
        super().__init__()
        hidden = round(inp * expand)
        self.use_res_connect = stride == 1 and inp == oup
        layers = [] if expand == 1 else [conv_bn(inp, hidden, 1, act=act)]
        layers += [
            conv_bn(hidden, hidden, 3, stride, groups=hidden, act=act),
            nn.Conv2d(hidden, oup, 1, bias=False),
            nn.BatchNorm2d(oup),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x):
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


class MobileNetV2(nn.Module):
    def __init__(self, act=nn.ReLU6, num_classes=3):
        super().__init__()
        features = [conv_bn(3, 4, 3, 2, act=act)]
        channels = 4
        for expand, c, n, s in ((1, 4, 1, 1), (2, 6, 2, 2), (3, 8, 2, 1)):
            for i in range(n):
                stride = s if i == 0 else 1
                features.append(InvertedResidual(channels, c, stride, expand, act))
                channels = c
        features.append(conv_bn(channels, 12, 1, act=act))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(nn.Dropout(0.2), nn.Linear(12, num_classes))

    def forward(self, x):
        x = self.features(x)
        return self.classifier(F.adaptive_avg_pool2d(x, (1, 1)).flatten(1))


class SqueezeExcite(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, 2, 1), nn.Conv2d(2, channels, 1)

    def forward(self, x):
        scale = F.adaptive_avg_pool2d(x, 1)
        return torch.sigmoid(self.fc2(F.relu(self.fc1(scale)))) * x


class SENet(nn.Module):
    """A residual network with squeeze and excitation."""

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 5, 3, 2, 1), nn.Conv2d(5, 5, 3, 1, 1)
        self.se, self.fc = SqueezeExcite(5), nn.Linear(5, 3)

    def forward(self, x):
        x = self.conv1(x).relu()
        x = (x + self.se(self.conv2(x))).relu()
        return self.fc(x.mean((2, 3)))


class ResNeXt(nn.Module):
    """A block with a grouped convolution."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, 2, 1)
        self.reduce, self.grouped = nn.Conv2d(4, 6, 1), nn.Conv2d(6, 6, 3, 1, 1, groups=2)
        self.expand, self.fc = nn.Conv2d(6, 4, 1), nn.Linear(4, 3)

    def forward(self, x):
        x = self.stem(x).relu()
        y = self.grouped(self.reduce(x).relu()).relu()
        return self.fc((self.expand(y) + x).relu().mean((2, 3)))


BRANCHING = {
    **CONCATENATING,
    "ResNet-18": ResNet18,
    "ResNet with padded shortcuts": PaddedResNet,
    "MobileNetV2": MobileNetV2,
    "MobileNetV2 with ReLU": lambda: MobileNetV2(nn.ReLU),
    "squeeze and excite": SENet,
    "ResNeXt": ResNeXt,
}
