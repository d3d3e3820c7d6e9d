"""The logits of many small CNNs at once."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from scalegmn.formats.layout import Layout, Variable

# Channels of each convolution.
WIDTH = 16
Convolve = Callable[[Tensor, Tensor, Tensor], Tensor]
Activation = Callable[[Tensor], Tensor]
ACTIVATIONS: dict[str, Activation] = {"relu": torch.relu, "tanh": torch.tanh}


@runtime_checkable
class Dropout(Protocol):
    """Dropout masks of one step."""

    @property
    def scale(self) -> Float[Tensor, " k"]:
        """The factor of each network's kept units."""

    def kept(self, layer: int, n: int) -> Float[Tensor, "k n"]:
        """1 for each network's units of a layer that are kept, 0 for the others."""


def small_cnn_layout(in_channels: int, num_classes: int) -> Layout:
    """The layout of a small CNN's variables in a row, in the order of the Small CNN Zoo."""
    kernels = [(f"conv2d{s}", (3, 3, i, WIDTH)) for s, i in (("", in_channels), ("_1", WIDTH))]
    layers: list[tuple[str, tuple[int, ...]]] = [*kernels, ("conv2d_2", (3, 3, WIDTH, WIDTH))]
    layers.append(("dense", (WIDTH, num_classes)))
    return tuple(
        variable
        for name, shape in layers
        for variable in (
            Variable(f"sequential/{name}", "bias", shape[-1:]),
            Variable(f"sequential/{name}", "kernel", shape),
        )
    )


def stacked_logits(
    rows: Float[Tensor, "k p"],
    x: Float[Tensor, "k b c h w"],
    *,
    layout: Layout,
    activation: Activation,
    convolve: Convolve,
    dropout: Dropout | None = None,
) -> Float[Tensor, "k b classes"]:
    """The logits of each network for its own batch.

    Args:
        rows: the networks, as rows of a zoo.
        x: a batch of images for each of them.
        layout: where the variables lie in a row.
        activation: after each convolution.
        convolve: :func:`grouped` or :func:`unfolded`.
        dropout: of each layer's units; none where networks are evaluated.
    """
    parts = rows.split([v.size for v in layout], dim=1)
    tensors = [p.unflatten(1, v.shape) for p, v in zip(parts, layout, strict=True)]
    *convolutions, (dense_bias, dense) = zip(tensors[::2], tensors[1::2], strict=True)
    scale = rows.new_ones(1, 1, 1, 1, 1)
    for i, (bias, kernel) in enumerate(convolutions):
        x = convolve(x, kernel * scale, bias)
        if dropout is not None:
            # Before the activation, which keeps zeros: nothing needs to remember this x.
            x.mul_(dropout.kept(i, x[0].numel()).view(x.shape))
            # Of the next kernel, which is smaller than what it reads.
            scale = dropout.scale.view(-1, 1, 1, 1, 1)
        x = activation(x)
    return torch.baddbmm(dense_bias[:, None], x.mean((3, 4)), dense * scale.view(-1, 1, 1))


def grouped(
    x: Float[Tensor, "k b i h w"],
    kernel: Float[Tensor, "k 3 3 i o"],
    bias: Float[Tensor, "k o"],
) -> Float[Tensor, "k b o h2 w2"]:
    """3x3 convolutions with stride 2, one group of channels for each network.

    Without a copy for one network, whose groups are one: best on a CPU.
    """
    k = len(x)
    weight = kernel.permute(0, 4, 3, 1, 2).flatten(0, 1)
    channels = x.transpose(0, 1).flatten(1, 2)
    out = F.conv2d(channels, weight, bias.flatten(), stride=2, groups=k)
    return out.unflatten(1, (k, -1)).transpose(0, 1)


def unfolded(
    x: Float[Tensor, "k b i h w"],
    kernel: Float[Tensor, "k 3 3 i o"],
    bias: Float[Tensor, "k o"],
) -> Float[Tensor, "k b o h2 w2"]:
    """The same as one batch of matrix products, which a GPU fills with thousands of networks.

    A grouped convolution has too little to do in each group there.
    """
    patches = x.unfold(3, 3, 2).unfold(4, 3, 2).permute(0, 1, 3, 4, 5, 6, 2)
    _, b, h, w = patches.shape[:4]
    columns = patches.flatten(4).flatten(1, 3)
    out = torch.baddbmm(bias[:, None], columns, kernel.flatten(1, 3))
    return out.unflatten(1, (b, h, w)).permute(0, 1, 4, 2, 3)
