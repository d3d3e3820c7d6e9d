"""Build a zoo of small CNNs, or a pruned one."""

import logging
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch

from datamodules.images import ImageDataModule
from datamodules.protocols import Kind
from pipelines.count_progress import CountProgress
from pipelines.metadata import image_settings
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced
from reporting import Results
from scalegmn.zoo.builders import Dataset, ImageSplits, LabelledImages, ZooRecord

log = logging.getLogger(__name__)


@runtime_checkable
class Builder(Protocol):
    """A builder of zoos, such as :class:`scalegmn.zoo.builders.ZooBuilder`."""

    folder: str | Path

    def build(self, splits: ImageSplits, **arguments: Any) -> ZooRecord:
        """Build what is not there yet."""


class BuildZoo:
    """Build a zoo in its own folder, outside of the run's; what is there is not built again.

    Args:
        builder: of the zoo.
    """

    reads: Kind = "images"

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __call__(self, run: Run) -> Results:
        """Build, and report how many networks there are.

        Raises:
            ValueError: if the data are no images or augmented, or the folder holds something else.
        """
        data, folder = run.data, Path(self.builder.folder)
        if not isinstance(data, ImageDataModule):
            raise ValueError(
                f"{run.cfg.name} trains on images: data=digits, cifar10_gray or cifar10"
            )
        if data.augmentation is not None:
            raise ValueError(f"{run.cfg.name} does not augment images: leave data.augment=false")
        on_gpu = run.cfg.trainer.accelerator != "cpu" and torch.cuda.is_available()
        splits = [LabelledImages(*data.full_batch(name)) for name in ("train", "val", "test")]
        with (
            announced(run.processes, f"zoo: building {folder}"),
            CountProgress(f"{run.cfg.name}: {folder}") as progress,
        ):
            record = self.builder.build(
                ImageSplits(*splits).to("cuda" if on_gpu else "cpu"),
                dataset=Dataset(data.name, data.num_classes, image_settings(run.cfg)),
                progress=progress,
            )
        log.info("%s: a finished zoo of %d networks", folder, record.networks)
        return _results(run, record)


def _results(run: Run, record: ZooRecord) -> Results:
    trained = record.networks + record.diverged
    return results_of(
        run,
        method=None,
        target=None,
        metrics={
            "networks": record.networks,
            "diverged": record.diverged,
            "seconds_per_network": round(record.seconds / trained, 4),
        },
        wall_seconds=record.seconds,
        device=record.device,
    )
