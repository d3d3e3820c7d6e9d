"""Runs that build a zoo, where others train one network."""

import json
import logging
import platform
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf

from datamodules.images import ImageDataModule
from pipelines.count_progress import CountProgress
from pipelines.run_record import begin_session
from reporting import Results
from scalegmn.zoo.builders import Dataset, ImageSplits, LabelledImages, ZooRecord

log = logging.getLogger(__name__)


def builds_zoo(cfg: DictConfig) -> bool:
    """Whether the experiment is to build a zoo."""
    return OmegaConf.select(cfg, "zoo._target_") is not None


def build_zoo(cfg: DictConfig, data: Any) -> Results:
    """Build the zoo of a config in ``cfg.zoo.folder``, as far as it is not there.

    Raises:
        ValueError: if the data are no images, or the folder holds something else.
    """
    if not isinstance(data, ImageDataModule):
        raise ValueError(f"{cfg.name} trains on images: data=digits, cifar10_gray or cifar10")
    if data.augmentation is not None:
        raise ValueError(f"{cfg.name} does not augment images: leave data.augment=false")
    builder = instantiate(cfg.zoo, _convert_="object")
    on_gpu = cfg.trainer.accelerator != "cpu" and torch.cuda.is_available()
    splits = [LabelledImages(*data.full_batch(name)) for name in ("train", "val", "test")]
    folder = Path(builder.folder)
    with CountProgress(f"{cfg.name}: {folder}") as progress:
        record = builder.build(
            ImageSplits(*splits).to("cuda" if on_gpu else "cpu"),
            dataset=Dataset(data.name, data.num_classes, json.loads(cfg.metadata.images)),
            progress=progress,
        )
    log.info("%s: a finished zoo of %d networks", folder, record.networks)
    begin_session(Path(cfg.paths.run_dir), cfg.config_hash)
    return _results(cfg, data, record)


def _results(cfg: DictConfig, data: ImageDataModule, record: ZooRecord) -> Results:
    trained = record.networks + record.diverged
    return Results(
        experiment=cfg.name,
        seed=cfg.seed,
        dataset=data.name,
        data_note=data.data_note,
        metrics={
            "networks": record.networks,
            "diverged": record.diverged,
            "seconds_per_network": round(record.seconds / trained, 4),
        },
        wall_seconds=record.seconds,
        device=record.device,
        config_hash=cfg.config_hash,
        versions={"python": platform.python_version(), "torch": torch.__version__},
        debug=isinstance(cfg.trainer.limit_train_batches, int) or None,
    )
