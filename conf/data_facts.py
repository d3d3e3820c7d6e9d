"""What a data set knows and a config needs."""

from copy import deepcopy

from hydra.utils import instantiate
from omegaconf import DictConfig

from conf.types import check_types
from datamodules.images import ImageDataModule


def prepared_data(cfg: DictConfig) -> ImageDataModule:
    """The data module, its data read: what is missing is missed before anything is written."""
    check_types(cfg.data, "data")
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup()
    return data


def with_images(cfg: DictConfig, data: ImageDataModule) -> DictConfig:
    """The config with ``images`` filled in."""
    cfg = deepcopy(cfg)
    cfg.images = {
        "name": data.name,
        "channels": data.in_channels,
        "size": data.image_size,
        "classes": data.num_classes,
    }
    return cfg
