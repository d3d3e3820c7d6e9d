"""Giving a network the weights of a file."""

from torch import nn

from scalegmn.formats import load_state


def pretrained(net: nn.Module, *, weights: str | None, recipe: str | None = None) -> nn.Module:
    """The network with the weights of a file.

    Args:
        net: a network of the file's architecture; it is changed.
        weights: the file, in any format that :func:`scalegmn.formats.load_state` reads. ``None``
            keeps the weights that the network has, if there is no recipe.
        recipe: the command that makes such a file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it does not fit the network, or if it is needed and not named.
    """
    if weights is not None:
        net.load_state_dict(load_state(weights, net))
    elif recipe is not None:
        raise ValueError(
            f"target.weights is not set, so there is no network to prune: `{recipe}` makes one "
            "(then target.weights=outputs/<its run>/dense.safetensors)"
        )
    return net
