"""Confidence intervals of predictors over test networks, paired on the same ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from reporting.bootstrap import Array, interval, kendall_tau, r2, resampled_counts
from reporting.collect import Run
from reporting.predictions import SplitPredictions, read_predictions

Interval = tuple[float, float]


@dataclass(frozen=True)
class Bootstrapped:
    """Scores of a predictor on each resample of the test networks, means over its seeds.

    Args:
        networks: that were resampled.
        kendall_tau: ``(B,)``.
        r2: ``(B,)``.
    """

    networks: SplitPredictions
    kendall_tau: Array
    r2: Array

    @property
    def tau_interval(self) -> Interval | None:
        """95 % interval of Kendall's τ."""
        return interval(self.kendall_tau)

    @property
    def r2_interval(self) -> Interval | None:
        """95 % interval of R²."""
        return interval(self.r2)

    def difference_from(self, other: "Bootstrapped") -> Interval | None:
        """95 % interval of τ less that of another; ``None`` if it is of other networks."""
        if not self.networks.are_of_the_same_networks(other.networks):
            return None
        return interval(self.kendall_tau - other.kendall_tau)


def bootstrapped(runs: Mapping[int, Run]) -> Bootstrapped | None:
    """Bootstrap the predictions that the runs of a predictor left.

    Args:
        runs: by seed.

    Returns:
        ``None`` if a run left no predictions, or the runs have different test networks.
    """
    found = [read_predictions(run.folder) if run.folder else None for run in runs.values()]
    known = [predictions for predictions in found if predictions is not None]
    if not known or len(known) < len(found):
        return None
    if not all(known[0].are_of_the_same_networks(other) for other in known):
        return None
    counts = _counts(known[0].family.tobytes())
    taus, r2s = _scores(known, counts)
    return Bootstrapped(known[0], taus, r2s)


def _scores(known: Sequence[SplitPredictions], counts: Array) -> tuple[Array, Array]:
    taus = [kendall_tau(one.predicted, one.label, counts) for one in known]
    r2s = [r2(one.predicted, one.label, counts) for one in known]
    return np.mean(taus, axis=0), np.mean(r2s, axis=0)


@lru_cache(maxsize=4)
def _counts(family: bytes) -> Array:
    """Drawn once for all predictors of the same networks."""
    return resampled_counts(np.frombuffer(family, np.int64))
