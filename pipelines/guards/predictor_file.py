"""Find and load the predictor that guides a method."""

import logging
from pathlib import Path

from lightning.pytorch.utilities.rank_zero import rank_zero_only

from scalegmn.predictor import AccuracyPredictor, load_predictor

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
ADVICE = "give predictor.weights=FILE, the predictor.safetensors of experiment=predict_small_cnn"


def predictor_file(weights: str | None, reference: str) -> Path:
    """The file of the predictor to follow; the log says so where it is the reference.

    Args:
        weights: the file that was asked for; ``None`` for the reference.
        reference: a file of the project, relative to its folder.

    Raises:
        FileNotFoundError: if it is not there.
    """
    if weights is not None:
        return Path(weights)
    _say("predictor.weights is not set: following the reference predictor %s", reference)
    file = in_project(reference)
    if not file.is_file():
        raise FileNotFoundError(f"{reference}: the reference predictor is not there; {ADVICE}")
    return file


def in_project(name: str) -> Path:
    """A file by its path seen from the current folder, else from the project's."""
    return Path(name) if Path(name).is_file() else ROOT / name


def load_frozen(file: Path) -> AccuracyPredictor:
    """A predictor that is not trained.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no predictor.
    """
    return load_predictor(file).eval().requires_grad_(False)


@rank_zero_only
def _say(message: str, *values: str) -> None:
    log.info(message, *values)
