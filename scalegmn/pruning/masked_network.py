"""Files of a network and its mask."""

import json
import os
from pathlib import Path

from torch import nn

from scalegmn.formats import load_tensors, read_metadata, save_network
from scalegmn.pruning.mask import Mask

PREFIX = "mask."
NAMES = "masked"


def save_masked(path: str | os.PathLike[str], net: nn.Module, mask: Mask) -> None:
    """Write a network with its pruned entries zero, and its mask, whole or not at all.

    Args:
        path: ends in ``.safetensors``.
        net: the network; it is not changed.
        mask: what is kept.
    """
    state = net.state_dict()
    masks = {PREFIX + name: keep for name, keep in mask.keep.items()}
    save_network(path, {**mask.apply(state), **masks}, {NAMES: json.dumps(sorted(mask.keep))})


def load_masked(path: str | os.PathLike[str], net: nn.Module) -> Mask:
    """Give a network the weights of a file that :func:`save_masked` wrote.

    Args:
        path: the file.
        net: a network of the same architecture; it is changed.

    Returns:
        The mask, on the CPU.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, has no mask, or is of another network.
    """
    metadata = read_metadata(path)
    if NAMES not in metadata:
        raise ValueError(f"{Path(path)}: holds no mask; delete it to repeat its stage")
    state = net.state_dict()
    names = [name for name in net.state_dict() if name in json.loads(metadata[NAMES])]
    masks = {PREFIX + name: state[name] != 0 for name in names}
    tensors = load_tensors(path, {**state, **masks})
    net.load_state_dict({name: tensors[name] for name in state})
    return Mask({name: tensors[PREFIX + name] for name in names})
