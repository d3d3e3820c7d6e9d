"""Figure of images side by side."""

from collections.abc import Mapping

from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

# Height and width of an image, in inches.
SIZE = 1.1


def image_grid(columns: Mapping[str, Float[Tensor, "n c h w"]], title: str) -> Figure:
    """A row for each example and a column for each kind of image, without resampling.

    Args:
        columns: images with values in [0, 1] by their heading; values outside are clipped. Gray or
            colour, the same number in each.
        title: of the figure.
    """
    rows = len(next(iter(columns.values())))
    size = (SIZE * len(columns) + 0.4, SIZE * rows + 0.7)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize="small")
    grid = figure.subplots(rows, len(columns), squeeze=False)
    for j, (name, images) in enumerate(columns.items()):
        grid[0, j].set_title(name, fontsize="small")
        for i, image in enumerate(images.detach().cpu().float().clamp(0, 1)):
            pixels = image[0] if len(image) == 1 else image.permute(1, 2, 0)
            grid[i, j].imshow(pixels.numpy(), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
            grid[i, j].axis("off")
    return figure
