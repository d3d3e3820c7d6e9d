"""What callbacks expect of modules, and of each other: nothing more than this."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from torch import Tensor, nn

from reporting import DenseRow, PrunedRow
from scalegmn.predictor import AccuracyPredictor, Predictions
from scalegmn.pruning import Mask


@runtime_checkable
class OffersTarget(Protocol):
    """A module that has a network to prune.

    Attributes:
        target: the dense network.
    """

    target: nn.Module

    def target_parameters(self) -> dict[str, Tensor]:
        """The parameters to prune, by the names they have in ``target``; detached."""


@runtime_checkable
class HoldsMask(Protocol):
    """A module that trains a network of which only a part is kept.

    Attributes:
        net: the network.
        mask: what is kept of it; ``None`` while everything is.
    """

    net: nn.Module
    mask: Mask | None


@runtime_checkable
class Predicts(Protocol):
    """A module that trains a predictor of accuracies.

    Attributes:
        predictor: what it trains.
    """

    predictor: AccuracyPredictor

    def predictions(self, batches: Iterable[Any]) -> Predictions:
        """What the predictor says about networks, whose batches all processes share."""


@runtime_checkable
class ReportsDense(Protocol):
    """A callback that measured the network before pruning."""

    def dense_row(self) -> DenseRow | None: ...


@runtime_checkable
class ReportsRows(Protocol):
    """A callback that made pruned networks; the file of a row is an absolute path."""

    def pruned_rows(self) -> Sequence[PrunedRow]: ...


@runtime_checkable
class ReportsMetrics(Protocol):
    """A callback that measured something else."""

    def metrics(self) -> Mapping[str, float | int]: ...


def holding_mask(module: object) -> HoldsMask:
    """The module, which has to hold a mask.

    Raises:
        ValueError: if it does not.
    """
    if not isinstance(module, HoldsMask):
        raise ValueError(f"{type(module).__name__} cannot be masked: it has no `net` and `mask`")
    return module


def offering_target(module: object) -> OffersTarget:
    """The module, which has to offer a target.

    Raises:
        ValueError: if it does not.
    """
    if not isinstance(module, OffersTarget):
        name = type(module).__name__
        raise ValueError(f"{name} offers nothing to prune: no `target` and `target_parameters()`")
    return module


def predicting(module: object) -> Predicts:
    """The module, which has to train a predictor.

    Raises:
        ValueError: if it does not.
    """
    if not isinstance(module, Predicts):
        name = type(module).__name__
        raise ValueError(f"{name} trains no predictor: no `predictor` and `predictions()`")
    return module
