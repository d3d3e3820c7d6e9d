"""The interface of pruning methods."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from torch import nn

from pipelines.run import Run
from reporting import Guidance
from scalegmn.pruning import Mask


@dataclass(frozen=True, eq=False)
class Candidate:
    """A network to fine-tune under a mask.

    Attributes:
        sparsity: the fraction of prunable parameters that was asked for.
        network: pruned or not; what the mask prunes does not count.
        mask: what is kept.
        epochs: epochs over the training images that the method used so far.
        measured: more that the method knows about it, by the names that
            :class:`reporting.PrunedRow` has for it.
    """

    sparsity: float
    network: nn.Module
    mask: Mask
    epochs: int = 0
    measured: Mapping[str, float | None] = field(default_factory=dict)


@runtime_checkable
class Method(Protocol):
    """A way to prune, made from ``conf/pruner``.

    Everything after a candidate is common to all methods: fine-tuning under the mask, evaluation,
    files and results. A method that fits something does so in stages of its own, which are not
    repeated when the run is resumed.

    Attributes:
        name: of its rows in the results; one of :data:`reporting.METHODS`, or new.
    """

    name: str

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        """One candidate for each sparsity, in ascending order.

        Args:
            run: gives data, devices and a folder.
            dense: the network to prune; it is not changed.
            sparsities: fractions of the prunable parameters, in [0, 1), ascending.
        """


@runtime_checkable
class Guided(Protocol):
    """A method that follows predictors of accuracies."""

    def guidance(self) -> Guidance:
        """What the results state about them."""


@runtime_checkable
class Checked(Protocol):
    """A method that reads files which may be missing."""

    def check(self) -> None:
        """Look at them, before anything is trained.

        Raises:
            FileNotFoundError: if one is not there.
            ValueError: if one is not as declared.
        """


@runtime_checkable
class NetworkPruner(Method, Protocol):
    """A method that prunes any network, such as one that another method has made."""

    def prune(
        self, run: Run, net: nn.Module, sparsities: Sequence[float], *, epochs: int = 0
    ) -> Iterator[Candidate]:
        """Candidates from a network.

        Args:
            run: gives data, devices and a folder.
            net: the network to prune; it is not changed.
            sparsities: fractions of the prunable parameters, in [0, 1), ascending.
            epochs: epochs over the training images that it took to make ``net``.
        """
