"""Compose configs as a command does."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from omegaconf import DictConfig

CONF = Path(__file__).parents[1] / "conf"


def composed(*overrides: str, config: str = "train") -> DictConfig:
    """The config of a command with these overrides."""
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose(config, overrides=["paths.run_dir=/tmp/run", *overrides])
    return cfg
