"""One door for networks in any format."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor, nn

from scalegmn.formats.names import unwrapped
from scalegmn.formats.safetensors import read_safetensors
from scalegmn.formats.state_dict import read_state_dict
from scalegmn.formats.validation import validated
from scalegmn.formats.zoo_row import read_zoo_row

READERS: dict[str, Callable[[Path, Mapping[str, Tensor]], dict[str, Tensor]]] = {
    ".npy": read_zoo_row,
    ".pt": read_state_dict,
    ".pth": read_state_dict,
    ".tar": read_state_dict,
    ".ckpt": read_state_dict,
    ".safetensors": read_safetensors,
}


def load_state(path: str | os.PathLike[str], module: nn.Module) -> dict[str, Tensor]:
    """Read the state of a network from a file, in the format that the suffix names.

    Formats: a row of the Small CNN Zoo (``.npy``, with the zoo's ``layout.csv`` beside it or the
    small CNN's), a state dict or a checkpoint around one (``.pt``, ``.pth``, ``.pth.tar``,
    ``.ckpt``; Lightning's and DataParallel's prefixes are dropped), safetensors.

    Args:
        path: the file.
        module: a network of the architecture that the file should hold; it is not changed.

    Returns:
        What ``module.load_state_dict`` takes, in float32 on the CPU.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line, if the file is damaged, or does not hold this network, or holds
            values that are not finite.
    """
    return load_tensors(path, module.state_dict())


def load_tensors(path: str | os.PathLike[str], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same for a network that is known by the names and shapes of its tensors.

    Args:
        path: the file.
        expected: tensors like those that the file should hold.

    Raises:
        FileNotFoundError: see :func:`load_state`.
        ValueError: likewise.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; expected a network ({', '.join(READERS)})")
    if path.suffix not in READERS:
        known = ", ".join(READERS)
        raise ValueError(f"{path}: unknown suffix {path.suffix!r}; networks are read from {known}")
    state = READERS[path.suffix](path, expected)
    if any(name.startswith("operator.") for name in state.keys() - expected.keys()):
        # The target in there is the one before it was rewritten: hardly what was meant.
        raise ValueError(
            f"{path}: holds an operator, and its target as it was before the operator rewrote it; "
            "give the run's rewritten.safetensors or pruned_<percent>.safetensors"
        )
    return validated(path, unwrapped(state, expected), expected)
