"""Build the predictor to train, or load an earlier one."""

import logging
from collections.abc import Mapping, Sequence

import torch
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.nn import Message
from scalegmn.nn.message_factory import MessageFactory
from scalegmn.predictor import AccuracyPredictor, Metanetwork, ReaderConfig, load_predictor

log = logging.getLogger(__name__)


def build_or_load(
    recipe: ReaderConfig,
    *,
    network: nn.Module,
    image_shape: Sequence[int],
    weights: str | None,
    split: Mapping[str, str] | None = None,
    advice: str | None = None,
) -> AccuracyPredictor:
    """A predictor of the accuracies of networks like the one given.

    Args:
        recipe: how its reader is made, where it is new.
        network: of the zoo's architecture.
        image_shape: channels, height and width of the images that it reads.
        weights: the file of an earlier predictor, which brings its own recipe; of messages that
            are not this project's, it may have those of ``recipe``. ``None`` for a new one.
        split: of the networks: the zoo that is split (``zoo``), and how (``by``).
        advice: where a new one will not do, how to get such a file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no predictor, or one that cannot read the network or that learnt
            from another split of the same zoo, or if it is needed and not named.
    """
    graph = NetworkGraph.from_module(network, torch.zeros(1, *image_shape))
    if weights is None:
        if advice is not None:
            raise ValueError(f"predictor.weights is not set: {advice}")
        predictor = AccuracyPredictor(recipe, graph)
        predictor.splits = [dict(split)] if split is not None else []
        return predictor
    predictor = load_predictor(weights, messages=_messages(recipe)).train()
    if split is not None and not predictor.splits:
        _warn("%s does not say which networks it learnt from: test others", weights)
    try:
        predictor.check(graph)
        if split is not None:
            _note_split(predictor, split)
    except ValueError as error:
        raise ValueError(f"predictor.weights={weights}: {error}") from error
    if recipe != predictor.recipe:
        _warn(
            "%s brings its own recipe (%s): what else is set with model/reader=, model/symmetry=, "
            "model/direction= or architecture= does not count",
            weights,
            predictor.recipe.name,
        )
    return predictor


def _messages(recipe: ReaderConfig) -> list[type[Message]]:
    message = recipe.arch.message if isinstance(recipe, Metanetwork) else None
    return [message.cls] if isinstance(message, MessageFactory) else []


def _note_split(predictor: AccuracyPredictor, split: Mapping[str, str]) -> None:
    """A network to be tested on must not be one that the predictor learnt from before."""
    for known in predictor.splits:
        if known["zoo"] == split["zoo"] and known["by"] != split["by"]:
            raise ValueError(
                f"it learnt from {known['zoo']} split by {known['by']}, and these networks are "
                f"split by {split['by']}: set data.split_seed or data.split_file (data.base.* of "
                "data=pruned_zoo, data.pruned.base.* of data=zoo_union) to the former"
            )
    if split not in predictor.splits:
        predictor.splits.append(dict(split))


@rank_zero_only
def _warn(message: str, *values: str) -> None:
    log.warning(message, *values)
