"""Networks that get pruned, as plain modules, and SIRENs, which represent images."""

from scalegmn.targets.resnet import ResNet
from scalegmn.targets.sine import Sine
from scalegmn.targets.siren import Siren
from scalegmn.targets.small_cnn import SmallCNN
from scalegmn.targets.vgg import VGG

__all__ = ["VGG", "ResNet", "Sine", "Siren", "SmallCNN"]
