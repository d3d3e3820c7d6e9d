"""Coordinates of pixels, at which an INR is an image."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from scalegmn.targets import Siren


def pixel_grid(height: int, width: int) -> Float[Tensor, "pixel 2"]:
    """Coordinates of the pixels of an image, row by row, each axis from -1 to 1.

    The pixel in row i and column j is at (x_j, y_i): the first coordinate is that of the column, as
    in public INRs.
    """
    rows, columns = torch.linspace(-1, 1, height), torch.linspace(-1, 1, width)
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1)


def render(
    siren: Siren, params: Mapping[str, Tensor], height: int, width: int
) -> Float[Tensor, "*batch channel height width"]:
    """The images of parameter sets, at any resolution; values near [0, 1], not clamped."""
    some = next(iter(params.values()))
    values = siren.evaluate(params, pixel_grid(height, width).to(some))
    return values.mT.unflatten(-1, (height, width))
