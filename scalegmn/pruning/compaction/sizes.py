"""Describe a compact network by the sizes of its parameters, and build it again from them."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from scalegmn.pruning.compaction.surgery import set_parameter

Sizes = Mapping[str, Sequence[Any]]


def changed_sizes(net: nn.Module, small: nn.Module) -> dict[str, list[int]]:
    """The shapes of the parameters of a compact network that differ from those of another.

    Args:
        net: the network that it was made from, with its batch normalisation folded.
        small: what :func:`compact` made of it.
    """
    before = {name: p.shape for name, p in net.named_parameters()}
    return {n: list(p.shape) for n, p in small.named_parameters() if p.shape != before.get(n)}


def resize(net: nn.Module, sizes: Sizes) -> nn.Module:
    """A copy with layers of other sizes, whose parameters of these sizes are zero.

    Args:
        net: with its batch normalisation folded.
        sizes: shapes of parameters by name, as :func:`changed_sizes` gives them. They may come
            from anybody: layers cannot become larger than they are.

    Raises:
        ValueError: a name or shape does not fit the network.
    """
    net = deepcopy(net)
    # Weights first: the size of a bias that is made follows from its layer's.
    for name, shape in sorted(sizes.items(), key=lambda item: item[0].endswith("bias")):
        like = _present(net, name)
        if not _fits(shape, like):
            raise ValueError(
                f"{name} cannot have the size {tuple(shape)}: it has {tuple(like.shape)}; is it "
                "the file of another target?"
            )
        set_parameter(net, name, like.new_zeros(list(shape)))
    return net


def _fits(shape: Sequence[Any], like: Tensor) -> bool:
    return len(shape) == like.ndim and all(
        isinstance(n, int) and 1 <= n <= most for n, most in zip(shape, like.shape, strict=True)
    )


def _present(net: nn.Module, name: str) -> Tensor:
    """The parameter of a name, or what it would be like if its layer had a bias."""
    path, _, own = name.rpartition(".")
    layer = dict(net.named_modules()).get(path)
    found = dict(layer.named_parameters(recurse=False)) if layer is not None else {}
    if own in found:
        return found[own]
    if own == "bias" and "weight" in found and layer is not None and layer.bias is None:
        return torch.zeros(len(found["weight"]), dtype=found["weight"].dtype)
    raise ValueError(f"the network has no parameter {name}; is it the file of another target?")
