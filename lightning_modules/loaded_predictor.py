"""The predictor to train."""

from collections.abc import Sequence

import torch
from torch import nn

from scalegmn.graph import NetworkGraph
from scalegmn.predictor import AccuracyPredictor, Recipe, load_predictor


def new_or_loaded(
    recipe: Recipe, *, network: nn.Module, image_shape: Sequence[int], weights: str | None
) -> AccuracyPredictor:
    """A predictor of the accuracies of networks like the one given.

    Args:
        recipe: how its reader is made, where it is new.
        network: of the zoo's architecture.
        image_shape: channels, height and width of the images that it reads.
        weights: the file of an earlier predictor, which brings its own recipe; ``None`` for a new
            one.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it holds no predictor, or one that cannot read the network.
    """
    graph = NetworkGraph.from_module(network, torch.zeros(1, *image_shape))
    if weights is None:
        return AccuracyPredictor(recipe, graph)
    predictor = load_predictor(weights).train()
    try:
        predictor.check(graph)
    except ValueError as error:
        raise ValueError(f"predictor.weights={weights}: {error}") from error
    return predictor
