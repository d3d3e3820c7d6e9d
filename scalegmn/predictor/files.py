"""Predictors as safetensors files."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from scalegmn.formats import load_state, read_metadata, save_network
from scalegmn.graph import NetworkGraph
from scalegmn.predictor.accuracy import AccuracyPredictor
from scalegmn.predictor.description import described, restored
from scalegmn.predictor.reader_config import ReaderConfig


def save_predictor(
    path: str | os.PathLike[str], predictor: AccuracyPredictor, metadata: Mapping[str, str]
) -> None:
    """Write a predictor with all that is needed to build it again, whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        predictor: what to write.
        metadata: what else to say about it, such as the zoo that it was trained on.
    """
    own = {
        "recipe": described(predictor.recipe),
        "graph": described(predictor.graph),
        "splits": json.dumps(predictor.splits),
    }
    if predictor.trained_on is not None:
        own["finetuned_from"] = predictor.trained_on
    save_network(path, predictor.reader.state_dict(), {**metadata, **own})


def load_predictor(path: str | os.PathLike[str]) -> AccuracyPredictor:
    """The predictor in a file, in float32 on the CPU, ready to read networks.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or not the file of a predictor.
    """
    said = read_metadata(path)
    if not {"recipe", "graph"} <= said.keys():
        raise ValueError(
            f"{path}: no predictor; expected the predictor.safetensors of a run of "
            "`python train.py experiment=predict_small_cnn`"
        )
    try:
        recipe, graph = restored(said["recipe"]), restored(said["graph"])
    except ValueError as error:
        raise ValueError(f"{path}: made by another version of this project ({error})") from error
    if not isinstance(recipe, ReaderConfig) or not isinstance(graph, NetworkGraph):
        raise ValueError(f"{path}: what it says about its predictor describes something else")
    predictor = AccuracyPredictor(recipe, graph)
    predictor.reader.load_state_dict(load_state(Path(path), predictor.reader))
    predictor.trained_on = _trained_on(said)
    predictor.splits = json.loads(said.get("splits", "[]"))
    return predictor.eval()


def _trained_on(said: Mapping[str, str]) -> str:
    """Everything that it ever learnt from, the latest first."""
    label = f" ({said['label']})" if "label" in said else ""
    before = f" after {said['finetuned_from']}" if "finetuned_from" in said else ""
    return f"{said.get('dataset', 'an unnamed zoo')}{label}{before}"
