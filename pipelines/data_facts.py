"""What a data set knows and a config needs."""

from copy import deepcopy
from typing import Any, Protocol

from hydra.utils import instantiate
from omegaconf import DictConfig

from datamodules.zoo import ZooDataModule
from pipelines.config_check import check_types
from scalegmn.targets import SmallCNN


class ImageFacts(Protocol):
    """Of a data module of images, or of networks that read images."""

    name: str
    image_size: int

    @property
    def in_channels(self) -> int: ...

    @property
    def num_classes(self) -> int: ...


def prepared_data(cfg: DictConfig) -> Any:
    """The data module, its data read: what is missing is missed before anything is written."""
    check_types(cfg.data, "data")
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup()
    return data


def with_images(cfg: DictConfig, data: ImageFacts) -> DictConfig:
    """The config with ``images`` filled in."""
    cfg = deepcopy(cfg)
    cfg.images = {
        "name": data.name,
        "channels": data.in_channels,
        "size": data.image_size,
        "classes": data.num_classes,
        "network": _config_of(data.network()) if isinstance(data, ZooDataModule) else None,
        "split": data.split if isinstance(data, ZooDataModule) else None,
    }
    return cfg


def _config_of(net: SmallCNN) -> dict[str, Any]:
    """The config that makes such a network."""
    weights, activation = net.state_dict()["features.0.weight"], type(net.features[1])
    return {
        "_target_": "scalegmn.targets.SmallCNN",
        "in_channels": weights.shape[1],
        "num_classes": net.fc.out_features,
        "width": weights.shape[0],
        "activation": {"_target_": f"torch.nn.{activation.__name__}", "_partial_": True},
    }
