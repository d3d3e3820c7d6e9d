"""What the file of a network says about it, for the config that evaluates it."""

from collections.abc import Mapping

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from pipelines.settings import with_settings
from scalegmn.formats import read_metadata

# Config groups: where a file says what they are, and how the part of the config is set.
METADATA = {"target": ("target", "target.net", "network"), "data": ("dataset", "data", "images")}


def overridden() -> dict[str, str]:
    """What the user gave."""
    task = HydraConfig.get().overrides.task
    return {key.lstrip("+~"): value for key, _, value in (o.partition("=") for o in task)}


def said_by(file: str) -> dict[str, str]:
    """What the file of a network says about it.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or the file of a predictor.
    """
    said = read_metadata(file)
    if "recipe" in said:
        raise ValueError(
            f"{file} is a predictor: give it as predictor=, and as network= the file of a network "
            "that it shall read"
        )
    return said


def as_the_file_says(
    cfg: DictConfig, file: str | None, metadata: Mapping[str, tuple[str, str, str]]
) -> DictConfig:
    """The config with the network and the images that the file names, unless the user named them.

    Args:
        cfg: of evaluate.py.
        file: of the network.
        metadata: the part of :data:`METADATA` that matters.

    Raises:
        ValueError: if there is no file, or it names something that it may not.
    """
    if file is None:
        raise ValueError("give file=FILE, or predictor=FILE network=FILE")
    task, given, said = HydraConfig.get().overrides.task, overridden(), said_by(file)
    named = [(g, name) for g, (name, _, _) in metadata.items() if name in said and g not in given]
    if named:
        cfg = compose("evaluate", overrides=[*(f"{g}={said[name]}" for g, name in named), *task])
    cfg.file = file
    for group, (name, key, settings) in metadata.items():
        if settings in said and given.get(group, said.get(name)) == said.get(name):
            with_settings(cfg, key, said[settings], given.keys())
    return cfg
