"""Check that a file's tensors are those of a network."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from scalegmn.formats.names import join_names


def validate(
    path: Path, state: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """The tensors in the network's order, contiguous, floating-point ones in float32.

    Raises:
        ValueError: naming the file and the first tensor that is missing, unknown, of another
            shape or kind of number, or not finite.
    """
    # Files from before PyTorch 0.4.1 lack these counters, and nothing depends on them.
    counters = {n: t for n, t in expected.items() if n.endswith("num_batches_tracked")}
    found = join_names(state)
    state = {**counters, **state}
    if missing := join_names(name for name in expected if name not in state):
        raise ValueError(
            f"{path}: found {found}, but it lacks {missing}; is it the file of another target?"
        )
    if unknown := join_names(name for name in state if name not in expected):
        raise ValueError(f"{path}: has {unknown}, unknown to the network; is it another target?")
    return {name: _tensor(f"{path}: {name}", state[name], like) for name, like in expected.items()}


def _tensor(where: str, tensor: Tensor, like: Tensor) -> Tensor:
    if tensor.shape != like.shape:
        shapes = f"{tuple(tensor.shape)}, expected {tuple(like.shape)}"
        raise ValueError(f"{where} has shape {shapes}; is it the file of another target?")
    if tensor.is_complex() or tensor.is_floating_point() != like.is_floating_point():
        raise ValueError(f"{where} has dtype {tensor.dtype}, expected {like.dtype}")
    tensor = tensor.detach().to(torch.float32 if like.is_floating_point() else like.dtype)
    # After the cast: a large float64 becomes infinite by it.
    if not (finite := tensor.isfinite()).all():
        count = int((~finite).sum())
        raise ValueError(f"{where} holds NaN or infinity in {count} of {tensor.numel()} places")
    return tensor.clone(memory_format=torch.contiguous_format)
