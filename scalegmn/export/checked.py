"""Write files whose outputs are those of a network, or none."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from scalegmn.export.format import Format, Function
from scalegmn.formats import atomic_path

# Sizes of the batches that are compared; neither is that of the example.
BATCHES = (1, 5)


@torch.no_grad()
def write_checked(
    form: Format,
    path: Path,
    net: nn.Module,
    *,
    example: Tensor,
    reference: nn.Module,
    tolerance: float,
    metadata: Mapping[str, str],
) -> float:
    """Export a network, and compare what the file computes with a reference on random images.

    Args:
        form: of the file.
        path: of the file.
        net: the network, in evaluation mode.
        example: a batch of two images of the right shape.
        reference: computes what the file should, such as the network before it was made smaller.
        tolerance: largest difference between outputs, relative to the largest output.
        metadata: what the file says about itself.

    Returns:
        The largest difference between outputs, relative to the largest output.

    Raises:
        ValueError: if the format cannot express the network, or the difference is above the
            tolerance; no file is left then.
    """
    with atomic_path(path) as temporary:
        form.write(temporary, net, example, metadata)
        found = difference(form.read(temporary, net), reference, example)
        # Not above: a NaN is no equal output either.
        if not found <= tolerance:
            raise ValueError(
                f"{path}: its outputs differ from the network's by {found:.1e} of the largest "
                f"output; at most {tolerance:g} is allowed (tolerance=), so no file was written"
            )
    return found


@torch.no_grad()
def difference(function: Function, reference: nn.Module, example: Tensor) -> float:
    """The largest difference between outputs on normal images, relative to the largest output."""
    generator = torch.Generator().manual_seed(0)
    found, largest = [], []
    for n in BATCHES:
        images = torch.randn(n, *example.shape[1:], generator=generator)
        expected = reference(images)
        found.append((function(images) - expected).abs().max())
        largest.append(expected.abs().max())
    # Of a network whose outputs are all zero: the difference itself.
    scale = torch.stack(largest).max().item() or 1.0
    return torch.stack(found).max().item() / scale
