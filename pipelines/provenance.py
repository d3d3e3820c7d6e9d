"""What a network has seen."""

import json
from pathlib import Path

from scalegmn.formats import read_metadata

# What decides which images are those of the validation split.
DECISIVE = ("_target_", "folder", "split_seed")


def saw_validation(weights: str | Path | None, *, images: str) -> str:
    """Whether a network was trained on our validation images: ``"true"`` or ``"false"``.

    Networks that were not trained here, or on another split or folder of images, are taken to have
    seen them: zoos and published checkpoints use all training images.

    Args:
        weights: the network's file; ``None`` for a network that is trained in this run.
        images: the settings of the data set, in JSON, as files have them in their metadata.
    """
    if weights is None:
        return "false"
    said = read_metadata(weights)
    here = said.get("saw_validation") == "false" and _split(said.get("images")) == _split(images)
    return "false" if here else "true"


def _split(images: str | None) -> dict[str, object] | None:
    return None if images is None else {key: json.loads(images).get(key) for key in DECISIVE}
