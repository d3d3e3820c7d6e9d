"""Metadata of the files of networks."""

import json
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from pipelines.pretrained import SIZES
from scalegmn.formats import read_metadata

# What does not change which images there are, or is not known where the file goes.
OMITTED = {
    *("data_dir", "cache_dir", "batch_size", "seed", "augment", "download", "data_note"),
    # What follows from the images.
    *("name", "in_channels", "num_classes", "image_size"),
}
# What decides which images are those of the validation split.
DECISIVE = ("_target_", "folder", "digest", "split_seed")


def metadata(cfg: DictConfig) -> dict[str, str]:
    """The metadata of a network of a run; values are strings, as safetensors wants."""
    return {
        **sizes(cfg.target.weights),
        "target": cfg.target.name,
        "dataset": cfg.data.name,
        "experiment": cfg.name,
        "network": settings(cfg.target.net),
        "images": settings(cfg.data),
        "saw_validation": json.dumps(saw_validation(cfg.target.weights, cfg)),
    }


def sizes(weights: str | Path | None) -> dict[str, str]:
    """The sizes of the layers of a network that is compact, which all that is made of it keeps.

    Args:
        weights: the network's file; ``None`` for a network that a run trains.
    """
    about = {} if weights is None else read_metadata(weights)
    return {key: value for key, value in about.items() if key == SIZES}


def image_settings(cfg: DictConfig) -> dict[str, Any]:
    """The settings of a run's images that say which images they are."""
    return json.loads(settings(cfg.data))


def settings(node: DictConfig) -> str:
    """The settings of ``target.net`` or ``data`` as JSON, without what follows from the images."""
    written: Any = OmegaConf.to_container(node, resolve=False)
    resolved: Any = OmegaConf.to_container(node, resolve=True)
    kept = {
        key: value
        for key, value in resolved.items()
        if key not in OMITTED and not str(written[key]).startswith("${data.")
    }
    return json.dumps(kept, sort_keys=True)


def saw_validation(weights: str | Path | None, cfg: DictConfig) -> bool:
    """Whether a network was trained on our validation images.

    Networks that were not trained here, or on another split or folder of images, are taken to have
    seen them: zoos and published checkpoints use all training images.

    Args:
        weights: the network's file; ``None`` for a network that a run trains.
        cfg: of the run.
    """
    if weights is None:
        return False
    about = read_metadata(weights)
    same_split = _split(about.get("images")) == _split(settings(cfg.data))
    return not (about.get("saw_validation") == "false" and same_split)


def _split(images: str | None) -> dict[str, object] | None:
    try:
        content = json.loads(images or "null")
    except ValueError:
        return None
    return {key: content.get(key) for key in DECISIVE} if isinstance(content, dict) else None
