"""Settings that travel with a network, in the metadata of its file."""

import json
import re
from collections.abc import Collection
from typing import Any

from omegaconf import DictConfig, OmegaConf

# What does not change which images there are, or is not known where the file goes.
OMITTED = {"data_dir", "batch_size", "seed", "augment", "download", "data_note"}
# What follows from the images, and is checked against them.
FACTS = {"name", "in_channels", "num_classes", "image_size"}
# What a file may ask for: whoever wrote it must not choose what is called here.
HARMLESS = re.compile(r"torch\.nn\.[A-Z]\w*")


def settings(node: DictConfig) -> str:
    """What ``target.net`` or ``data`` is set to, as JSON, for ``conf/train.yaml``.

    Without what follows from the images, so that it can be set for others.
    """
    written = OmegaConf.to_container(node, resolve=False)
    resolved = OmegaConf.to_container(node, resolve=True)
    assert isinstance(written, dict) and isinstance(resolved, dict)
    omitted = OMITTED | FACTS if FACTS <= resolved.keys() else OMITTED
    kept = {
        key: value
        for key, value in resolved.items()
        if key not in omitted and not str(written[key]).startswith("${images.")
    }
    return json.dumps(kept, sort_keys=True)


def with_settings(cfg: DictConfig, key: str, text: str, given: Collection[str]) -> None:
    """Set below ``key`` what a file says, except for keys that were given; changes ``cfg``.

    Nothing is changed where the file means another class.

    Raises:
        ValueError: if it is not what :func:`settings` writes, or asks for other than layers.
    """
    try:
        said = dict(json.loads(text))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{cfg.file}: what it says about {key} is not a JSON object") from error
    if said.pop("_target_", None) != OmegaConf.select(cfg, key)._target_:
        return
    for name, value in said.items():
        full = f"{key}.{name}"
        if any(g == full or g.startswith(f"{full}.") for g in given):
            continue
        for target in _targets(value):
            if not HARMLESS.fullmatch(target):
                raise ValueError(f"{cfg.file} wants {full} to be made by {target}: give {full}=")
        OmegaConf.update(cfg, full, value, merge=False, force_add=True)


def _targets(value: Any) -> list[str]:
    if isinstance(value, str):
        # An interpolation could be one.
        return [value] if "${" in value else []
    children = (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    )
    own = [str(value["_target_"])] if isinstance(value, dict) and "_target_" in value else []
    return own + [target for child in children for target in _targets(child)]


def unusual(gauge: str, prune_biases: bool, batch_norm: bool = False) -> str | None:
    """What a reader of the results must know of the networks and of how they are pruned."""
    said = [
        "batch normalisation" if batch_norm else None,
        f"{gauge} gauge" if gauge != "raw" else None,
        "sparsity over all parameters" if prune_biases else None,
    ]
    return ", ".join(text for text in said if text) or None
