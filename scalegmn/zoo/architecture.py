"""Small CNNs as the rows of a zoo hold them."""

from pathlib import Path

import torch
from jaxtyping import Int64
from torch import Tensor, nn

from scalegmn.formats.layout import Layout
from scalegmn.formats.zoo_row import from_zoo_row, layer_names
from scalegmn.targets import SmallCNN

# A zoo with both activations has one graph; batches tell which networks have tanh.
ACTIVATIONS: dict[str | None, type[nn.Module]] = {None: nn.ReLU, "relu": nn.ReLU, "tanh": nn.Tanh}


def zoo_network(
    in_channels: int = 1, num_classes: int = 10, *, width: int = 16, activation: str | None = None
) -> SmallCNN:
    """A small CNN like those of a zoo, described as ``conf/data`` describes the zoo.

    Args:
        in_channels: channels of the images that it reads.
        num_classes: length of its output.
        width: channels of each convolution.
        activation: ``relu``, ``tanh``, or ``None`` (ReLU) for a zoo with both.

    Raises:
        ValueError: if the activation is another one.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"data.activation={activation!r}: expected relu, tanh or null (both)")
    return SmallCNN(in_channels, num_classes, width=width, activation=ACTIVATIONS[activation])


def small_cnn(layout: Layout, where: str | Path = "layout") -> SmallCNN:
    """The small CNN whose parameters a layout describes, with ReLU.

    Args:
        layout: of a zoo, which tells no activation.
        where: names the layout in errors.

    Raises:
        ValueError: if it describes another network.
    """
    kernels = [variable.shape for variable in layout if variable.kind == "kernel"]
    if len(kernels) == 4 and len(kernels[0]) == 4 and len(kernels[-1]) == 2:
        net = SmallCNN(kernels[0][2], kernels[-1][1], width=kernels[0][3])
        shapes = {name: tensor.shape for name, tensor in net.state_dict().items()}
        if {name: t.shape for name, t in _numbered(layout, list(shapes)).items()} == shapes:
            return net
    raise ValueError(
        f"{where}: expected three 3x3 convolutions and a dense layer, each with a bias, "
        f"got kernels of shapes {', '.join(map(str, kernels))}"
    )


def columns(layout: Layout, net: nn.Module) -> Int64[Tensor, " parameter"]:
    """Columns of a row in the order of the network's state dict and axes."""
    numbered = _numbered(layout, list(net.state_dict()))
    return torch.cat([numbered[name].flatten() for name in net.state_dict()]).long()


def _numbered(layout: Layout, names: list[str]) -> dict[str, Tensor]:
    size = sum(variable.size for variable in layout)
    layers = layer_names(dict.fromkeys(names, torch.empty(0)))
    return from_zoo_row(torch.arange(size, dtype=torch.float64), layers, layout)
