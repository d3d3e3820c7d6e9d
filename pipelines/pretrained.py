"""Giving a network the weights of a file."""

from contextlib import suppress

from torch import nn

from scalegmn.formats import load_state
from scalegmn.graph import fold_batch_norm


def pretrained(net: nn.Module, *, weights: str | None, recipe: str | None = None) -> nn.Module:
    """The network with the weights of a file.

    Args:
        net: a network of the file's architecture; it is changed. Where the file has its batch
            normalisation folded, as operators leave it, the result is a folded copy.
        weights: the file, in any format that :func:`scalegmn.formats.load_state` reads. ``None``
            keeps the weights that the network has, if there is no recipe.
        recipe: how to get such a file, as the end of a sentence.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not fit the network, or if it is needed and not named.
    """
    if weights is not None:
        return _loaded(net, weights)
    if recipe is not None:
        raise ValueError(f"target.weights is not set, so there is no network to prune: {recipe}")
    return net


def _loaded(net: nn.Module, weights: str) -> nn.Module:
    try:
        net.load_state_dict(load_state(weights, net))
        return net
    except ValueError:
        with suppress(ValueError):
            folded = fold_batch_norm(net)
            folded.load_state_dict(load_state(weights, folded))
            return folded
        raise
