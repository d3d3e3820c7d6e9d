"""Make the data module that a config names, a user's own as well."""

from inspect import Parameter, signature
from typing import Any

from hydra.utils import get_object, instantiate
from lightning import LightningDataModule
from omegaconf import DictConfig, OmegaConf

from datamodules.declared import check_declared
from pipelines.config_check import FACTS


def build_data(node: DictConfig) -> LightningDataModule:
    """The data module of a config.

    Of ``name``, ``in_channels``, ``num_classes`` and ``image_size``, a constructor gets those that
    it takes; the others become attributes of what it makes, unless it has them.

    Args:
        node: ``data`` of a config.

    Raises:
        ValueError: if it has one of them with another value than the config.
    """
    # A copy: instantiating resolves what other parts of the config read.
    values: Any = OmegaConf.to_container(node, resolve=True)
    facts = {key: values[key] for key in FACTS if key in values}
    untaken = [key for key in facts if not _takes(node, key)]
    given = {key: value for key, value in values.items() if key not in untaken}
    data = instantiate(given, _convert_="all")
    for key, value in facts.items():
        found = getattr(data, key, None)
        # A constructor of any keywords may take one and do nothing with it.
        if found is None:
            setattr(data, key, value)
        elif key in untaken:
            check_declared(key, value, found, type(data).__name__)
    return data


def _takes(node: DictConfig, key: str) -> bool:
    parameters = signature(get_object(node._target_)).parameters
    return key in parameters or any(p.kind is Parameter.VAR_KEYWORD for p in parameters.values())
