"""What a network has seen."""

from pathlib import Path

from scalegmn.formats import read_metadata


def saw_validation(weights: str | Path | None) -> str:
    """Whether a network was trained on our validation images: ``"true"`` or ``"false"``.

    Networks that were not trained here are taken to have seen them: zoos and published checkpoints
    use all training images.

    Args:
        weights: the network's file; ``None`` for a network that is trained in this run.
    """
    here = weights is None or read_metadata(weights).get("saw_validation") == "false"
    return "false" if here else "true"
