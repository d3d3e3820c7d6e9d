"""Predictors as safetensors files."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scalegmn.formats import load_state, read_metadata, save_network
from scalegmn.graph import NetworkGraph
from scalegmn.nn import Message
from scalegmn.predictor.accuracy import AccuracyPredictor
from scalegmn.predictor.description import UnknownMessage, describe, restore
from scalegmn.predictor.reader_config import ReaderConfig
from scalegmn.predictor.untrusted import check_graph, check_reader, count_values


def save_predictor(
    path: str | os.PathLike[str], predictor: AccuracyPredictor, metadata: Mapping[str, str]
) -> None:
    """Write a predictor with all that is needed to build it again, whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        predictor: the predictor.
        metadata: more about it, such as the zoo that it was trained on.

    Raises:
        ValueError: if the format does not know a part of the predictor, see
            :func:`~scalegmn.predictor.description.check_describable`.
    """
    own = {
        "recipe": describe(predictor.recipe),
        "graph": describe(predictor.graph),
        "splits": json.dumps(predictor.splits),
    }
    if predictor.trained_on is not None:
        own["finetuned_from"] = predictor.trained_on
    save_network(path, predictor.reader.state_dict(), {**metadata, **own})


def load_predictor(
    path: str | os.PathLike[str], *, messages: Iterable[type[Message]] = ()
) -> AccuracyPredictor:
    """The predictor in a file, in float32 on the CPU, ready to read networks.

    The file is not trusted: it can choose among the parts that this project knows, with values of
    their types, and nothing is built that is larger than the file.

    Args:
        path: of the file.
        messages: message functions of one's own that it may name. That one was imported is not
            enough.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line, if it is damaged, or not the file of a predictor.
    """
    metadata = read_metadata(path)
    if not {"recipe", "graph"} <= metadata.keys():
        raise ValueError(
            f"{path}: no predictor; expected the predictor.safetensors of a run of "
            "`python train.py experiment=predict_small_cnn`"
        )
    try:
        config, graph = restore(metadata["recipe"], messages), restore(metadata["graph"])
    except UnknownMessage as error:
        raise ValueError(f"{path}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: made by another version of this project ({error})") from error
    if not isinstance(config, ReaderConfig) or not isinstance(graph, NetworkGraph):
        raise ValueError(f"{path}: its metadata describe something else than a predictor")
    try:
        check_graph(graph)
        check_reader(config, graph, count_values(path))
        splits = _splits(metadata.get("splits", "[]"))
    except ValueError as error:
        raise ValueError(f"{path}: {error}; train the predictor again") from error
    predictor = AccuracyPredictor(config, graph)
    predictor.reader.load_state_dict(load_state(Path(path), predictor.reader))
    predictor.trained_on = _trained_on(metadata)
    predictor.splits = splits
    return predictor.eval()


def _splits(text: str) -> list[dict[str, str]]:
    try:
        splits = json.loads(text)
    except ValueError as error:
        raise ValueError("its list of splits is not JSON") from error
    if not isinstance(splits, list) or not all(map(_is_split, splits)):
        raise ValueError("its list of splits is damaged")
    return splits


def _is_split(split: Any) -> bool:
    return (
        isinstance(split, dict)
        and split.keys() == {"zoo", "by"}
        and all(isinstance(value, str) for value in split.values())
    )


def _trained_on(metadata: Mapping[str, str]) -> str:
    """Everything that it ever learnt from, the latest first."""
    label = f" ({metadata['label']})" if "label" in metadata else ""
    before = f" after {metadata['finetuned_from']}" if "finetuned_from" in metadata else ""
    return f"{metadata.get('dataset', 'an unnamed zoo')}{label}{before}"
