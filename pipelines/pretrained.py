"""Giving a network the weights of a file."""

import json
from contextlib import suppress

from torch import Tensor, nn

from scalegmn.formats import load_state, read_metadata
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning.compaction import resize

# The metadata of compact networks with the sizes of their layers.
SIZES = "sizes"


def pretrained(
    net: nn.Module,
    *,
    weights: str | None,
    recipe: str | None = None,
    example_input: Tensor | None = None,
) -> nn.Module:
    """The network with the weights of a file.

    Args:
        net: a network of the file's architecture; it is changed. Where the file has its batch
            normalisation folded, as operators leave it, the result is a folded copy; where it is
            compact, as ``export.py`` leaves it, a folded copy with smaller layers.
        weights: the file, in any format that :func:`scalegmn.formats.load_state` reads. ``None``
            keeps the weights that the network has, if there is no recipe.
        recipe: how to get such a file, as the end of a sentence.
        example_input: a batch of inputs; needed only for folding where ``forward`` branches on
            shapes.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not fit the network, or if it is needed and not named.
    """
    if weights is not None:
        return _loaded(net, weights, example_input)
    if recipe is not None:
        raise ValueError(f"target.weights is not set, so there is no network to prune: {recipe}")
    return net


def _loaded(net: nn.Module, weights: str, example_input: Tensor | None) -> nn.Module:
    sizes = read_metadata(weights).get(SIZES)
    if sizes is not None:
        net = _resized(fold_batch_norm(net, example_input), weights, sizes)
    try:
        net.load_state_dict(load_state(weights, net))
        return net
    except ValueError:
        with suppress(ValueError):
            folded = fold_batch_norm(net, example_input)
            folded.load_state_dict(load_state(weights, folded))
            return folded
        raise


def _resized(net: nn.Module, weights: str, sizes: str) -> nn.Module:
    try:
        content = json.loads(sizes)
        if not isinstance(content, dict) or not all(isinstance(v, list) for v in content.values()):
            raise ValueError(f"its metadata {SIZES} is no JSON object of lists")
        return resize(net, content)
    except ValueError as error:
        raise ValueError(f"{weights}: {error}") from error
