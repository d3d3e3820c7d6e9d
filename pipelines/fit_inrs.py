"""Fit INRs to images."""

import logging
from pathlib import Path

from datamodules.images import ImageDataModule
from datamodules.protocols import Kind
from pipelines.count_progress import CountProgress
from pipelines.metadata import image_settings
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced
from reporting import Results
from scalegmn.inr.builder import Fitted, INRBuilder
from scalegmn.inr.images import NumberedImages
from scalegmn.inr.packed import SPLITS, Split

log = logging.getLogger(__name__)


class FitINRs:
    """Fit INRs in a folder outside of the run's; what is there is not fitted again.

    Args:
        builder: of the INRs.
    """

    reads: Kind = "images"

    def __init__(self, builder: INRBuilder) -> None:
        self.builder = builder

    def __call__(self, run: Run) -> Results:
        """Fit, and report how well the INRs represent their images.

        Raises:
            ValueError: if the data are no images, or the folder holds something else.
        """
        data, folder = run.data, Path(self.builder.folder)
        if not isinstance(data, ImageDataModule):
            raise ValueError(
                f"{run.cfg.name} fits images: data=mnist, fashion_mnist, cifar10 or digits"
            )
        dataset = {"name": data.name, "classes": data.num_classes, **image_settings(run.cfg)}
        with (
            announced(run.processes, f"INRs: fitting {folder}"),
            CountProgress(f"{run.cfg.name}: {folder}") as progress,
        ):
            fitted = self.builder.build(
                {split: _numbered(data, split) for split in SPLITS},
                dataset=dataset,
                device=run.processes.root_device,
                progress=progress,
            )
        log.info("%s: finished, %d INRs", folder, sum(map(len, fitted.psnr.values())))
        return results_of(run, method=None, target=None, metrics=_metrics(fitted))


def _numbered(data: ImageDataModule, split: Split) -> NumberedImages:
    images = data.pixels(split)
    return NumberedImages(images.pixels.cpu(), images.labels.cpu(), data.numbers(split))


def _metrics(fitted: Fitted) -> dict[str, float | int]:
    metrics: dict[str, float | int] = {}
    for split, values in fitted.psnr.items():
        metrics[f"{split}_inrs"] = len(values)
        metrics[f"{split}_psnr"] = round(values.mean().item(), 3)
        metrics[f"{split}_lowest_psnr"] = round(values.min().item(), 3)
    if fitted.fitted:
        metrics["fits_per_minute"] = round(60 * fitted.fitted / fitted.seconds, 1)
    return metrics
