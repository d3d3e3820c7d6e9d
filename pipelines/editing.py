"""Measure an editor of INRs, and show what it does."""

from collections.abc import Iterable
from typing import Any

import torch
from matplotlib.figure import Figure

from lightning_modules.mean import Mean
from reporting.image_grid import image_grid
from scalegmn.inr import INRBatch, INRImageEditor, squared_error

EXAMPLES = 8
NO_IMAGES = (
    "{name} has INRs without images, which an editor needs: fit INRs with `python train.py "
    "experiment=fit_inrs`, or set data.images to the folder of the images"
)


def check_images(data: Any) -> None:
    """Raise ``ValueError`` if INRs come without the images that are to be edited."""
    if data.train_dataloader().dataset.inrs.pixels is None:
        raise ValueError(NO_IMAGES.format(name=data.name))


@torch.no_grad()
def edit_errors(editor: INRImageEditor, batches: Iterable[INRBatch]) -> dict[str, float]:
    """Mean squared errors over all pixels and INRs, which processes share.

    Returns:
        ``mse`` of the edited INRs; for comparison ``unedited_mse`` of the INRs as they are, and
        ``constant_mse`` of the best constant for each image, its mean.
    """
    was_training = editor.training
    editor.eval()
    device, dtype = editor.grid.device, editor.grid.dtype
    means = {name: Mean().to(device) for name in ("mse", "unedited_mse", "constant_mse")}
    for batch in batches:
        params = {name: p.to(device, dtype) for name, p in batch.parameters.items()}
        assert batch.images is not None
        target = editor.edit(batch.images.to(device, dtype))
        constant = target.mean((-3, -2, -1), keepdim=True).expand_as(target)
        shown = {"mse": editor(params), "unedited_mse": editor.render(params)}
        for name, images in {**shown, "constant_mse": constant}.items():
            means[name].update(squared_error(images, target).sum(), len(target))
    editor.train(was_training)
    return {name: mean.compute().item() for name, mean in means.items()}


@torch.no_grad()
def example_figure(editor: INRImageEditor, batch: INRBatch, title: str) -> Figure:
    """The first INRs of a batch: original image, INR, target, edited INR."""
    was_training = editor.training
    editor.eval()
    device, dtype = editor.grid.device, editor.grid.dtype
    params = {name: p[:EXAMPLES].to(device, dtype) for name, p in batch.parameters.items()}
    assert batch.images is not None
    images = batch.images[:EXAMPLES].to(device, dtype)
    columns = editor.examples(params, images)
    editor.train(was_training)
    return image_grid(columns, title)
