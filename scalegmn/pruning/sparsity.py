"""Counting zeros."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

BUFFERS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class SparsityCount:
    """How many of a network's parameters are not zero.

    Weights are the tensors of more than one axis; the other parameters are biases and the scales
    of normalisations. Running statistics are no parameters.

    Args:
        parameters: number of parameters.
        nonzero: those that are not zero.
        weights: number of weights.
        nonzero_weights: those that are not zero.
    """

    parameters: int
    nonzero: int
    weights: int
    nonzero_weights: int

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> "SparsityCount":
        """Count a network's parameters or its whole state."""
        params = [t for name, t in state.items() if name.rpartition(".")[2] not in BUFFERS]
        weights = [t for t in params if t.ndim > 1]
        return cls(_size(params), _nonzero(params), _size(weights), _nonzero(weights))

    @property
    def parameter_sparsity(self) -> float:
        """The fraction of all parameters that are zero."""
        return _fraction(self.parameters - self.nonzero, self.parameters)

    @property
    def weight_sparsity(self) -> float:
        """The fraction of weights that are zero."""
        return _fraction(self.weights - self.nonzero_weights, self.weights)


def _size(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() for t in tensors)


def _nonzero(tensors: Iterable[Tensor]) -> int:
    return sum(int(t.count_nonzero()) for t in tensors)


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
