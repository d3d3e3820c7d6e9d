"""Convert networks to rows of the Small CNN Zoo and back."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from scalegmn.formats.layout import SMALL_CNN, Layout, read_layout
from scalegmn.formats.names import States

# By number of axes. Both frameworks compute cross-correlations: nothing is flipped.
TO_TORCH = {1: "... o -> ... o", 2: "... i o -> ... o i", 4: "... h w i o -> ... o i h w"}
TO_TENSORFLOW = {2: "o i -> i o", 4: "o i h w -> h w i o"}


def from_zoo_row(
    row: Float[Tensor, "*batch row"], layers: Sequence[str], layout: Layout = SMALL_CNN
) -> dict[str, Tensor]:
    """The parameters in rows of a zoo, in PyTorch's order of axes.

    Args:
        row: one row, or a batch of them.
        layers: the network's names of the layers, in the order of the layout.
        layout: where the variables lie.

    Raises:
        ValueError: if the row's length or the number of layers does not fit the layout.
    """
    sizes = [variable.size for variable in layout]
    if row.shape[-1] != sum(sizes):
        raise ValueError(f"expected rows of {sum(sizes)} values, got {row.shape[-1]}")
    groups = list(dict.fromkeys(variable.layer for variable in layout))
    if len(groups) != len(layers):
        raise ValueError(f"rows hold {len(groups)} layers, the network has {len(layers)}")
    names = dict(zip(groups, layers, strict=True))
    state = {}
    for variable, part in zip(layout, row.split(sizes, dim=-1), strict=True):
        suffix = "bias" if variable.kind == "bias" else "weight"
        tensor = rearrange(part.unflatten(-1, variable.shape), TO_TORCH[len(variable.shape)])
        state[f"{names[variable.layer]}.{suffix}"] = tensor
    return state


def to_zoo_row(state: Mapping[str, Tensor]) -> Float[Tensor, " row"]:
    """The row of a network: of each layer the bias, then the kernel in TensorFlow's order.

    Args:
        state: convolutions and dense layers, each with a bias.

    Raises:
        ValueError: if a layer is neither, or has no bias.
    """
    parts = []
    for layer in layer_names(state):
        bias, weight = state.get(f"{layer}.bias"), state.get(f"{layer}.weight")
        if bias is None or weight is None or weight.ndim not in TO_TENSORFLOW:
            raise ValueError(f"a zoo row holds convolutions and dense layers with bias: {layer}")
        parts += [bias, rearrange(weight, TO_TENSORFLOW[weight.ndim])]
    return torch.cat([part.detach().flatten() for part in parts])


def read_zoo_row(path: Path, expected: Mapping[str, Tensor]) -> States:
    """Read one row in a ``.npy`` file, by the ``layout.csv`` beside it if there is one.

    Raises:
        ValueError: it is not one row, or not of a network with these layers.
    """
    layout_path = path.with_name("layout.csv")
    layout = read_layout(layout_path) if layout_path.is_file() else SMALL_CNN
    row = _read_row(path, sum(variable.size for variable in layout))
    try:
        return [("", from_zoo_row(row, layer_names(expected), layout))]
    except ValueError as error:
        raise ValueError(f"{path}: {error}; does the target fit the file?") from error


def layer_names(state: Mapping[str, Tensor]) -> list[str]:
    """The modules that own the tensors, in order."""
    return list(dict.fromkeys(name.rpartition(".")[0] for name in state))


def _read_row(path: Path, size: int) -> Float[Tensor, " row"]:
    try:
        # Mapped: a whole zoo given by mistake is refused without reading its gigabytes.
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:
        raise ValueError(f"{path}: truncated, or not a NumPy array; copy it again") from error
    if array.shape != (size,) or array.dtype.kind != "f":
        found = f"{array.dtype} of shape {array.shape}"
        raise ValueError(f"{path}: expected one zoo row, {size} floats, got {found}")
    with np.errstate(over="ignore"):
        return torch.from_numpy(np.array(array, dtype=np.float32))
