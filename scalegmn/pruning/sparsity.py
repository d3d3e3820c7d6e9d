"""Counting zeros."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor, nn

from scalegmn.pruning.weights import is_weight

STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


@dataclass(frozen=True)
class SparsityCount:
    """How many of a network's parameters are not zero.

    Weights are as :func:`~scalegmn.pruning.weights.is_weight` says; the other parameters are biases
    and the scales of normalisations.

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
    def of(cls, params: Mapping[str, Tensor]) -> "SparsityCount":
        """Count parameters by name; running statistics of normalisations are none."""
        known = [t for name, t in params.items() if name.rpartition(".")[2] not in STATISTICS]
        weights = [t for t in known if is_weight(t)]
        return cls(_size(known), _nonzero(known), _size(weights), _nonzero(weights))

    @classmethod
    def of_network(cls, net: nn.Module) -> "SparsityCount":
        """Count the parameters of a network, tied ones once."""
        return cls.of(dict(net.named_parameters()))

    @property
    def parameter_sparsity(self) -> float:
        """The fraction of all parameters that are zero."""
        return _fraction(self.parameters - self.nonzero, self.parameters)

    @property
    def weight_sparsity(self) -> float:
        """The fraction of weights that are zero."""
        return _fraction(self.weights - self.nonzero_weights, self.weights)


def parameters_in(state: Mapping[str, Tensor], net: nn.Module) -> dict[str, Tensor]:
    """Those tensors of a state that are parameters of a network: no buffers, and tied ones once."""
    return {name: state[name] for name, _ in net.named_parameters()}


def _size(tensors: Iterable[Tensor]) -> int:
    return sum(t.numel() for t in tensors)


def _nonzero(tensors: Iterable[Tensor]) -> int:
    return sum(int(t.count_nonzero()) for t in tensors)


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
