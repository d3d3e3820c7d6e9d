"""Refuse, before any training, a ``model=`` that was made for something else."""

from collections.abc import Callable
from inspect import signature
from typing import Any

from torch import nn


def check_takes_network(module: Callable[..., Any], pruner: str, model: str) -> None:
    """Check that a LightningModule can be made of the network to prune.

    Args:
        module: makes it.
        pruner: the method's name.
        model: the choice of ``conf/model`` to give instead.

    Raises:
        ValueError: if it cannot be called with a network.
    """
    try:
        signature(module).bind(nn.Identity())
    except TypeError as error:
        kind = getattr(getattr(module, "func", module), "__name__", module)
        raise ValueError(
            f"model: {kind} is not made from the network to prune, as pruner={pruner} needs it: "
            f"give model={model}"
        ) from error
