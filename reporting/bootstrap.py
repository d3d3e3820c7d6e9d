"""Bootstrap of the scores of predictors over test networks."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
RESAMPLES = 1000
# Up to so many networks τ of each resample is exact: two products with a matrix of all pairs.
# Above, its numerator is linearised, which is off by a share of 1/n and needs no such product.
EXACT = 3000
# Rows of the matrix of all pairs that are in memory at once.
BLOCK = 512


def resampled_counts(groups: NDArray[np.int64], *, resamples: int = RESAMPLES) -> Array:
    """How often each network is in each resample; the same for the same groups.

    Networks of one group are drawn together: epochs or pruned copies of one network are no
    independent evidence.

    Args:
        groups: of each network, ``(n,)``.
        resamples: their number, B.

    Returns:
        ``(B, n)``.
    """
    _, group = np.unique(groups, return_inverse=True)
    number = int(group.max()) + 1
    draw = np.random.default_rng(0)
    counts = np.empty((resamples, number), np.float32)
    for row in counts:
        row[:] = np.bincount(draw.integers(number, size=number), minlength=number)
    return counts[:, group]


def kendall_tau(predicted: Array, label: Array, counts: Array) -> Array:
    r"""Kendall's τ-b of each resample.

    With counts :math:`w` and :math:`s_{ij}` the product of the signs of the differences of two
    networks' predictions and labels, :math:`\tau_b = \frac12 w^\top s w / \sqrt{(n_0 - n_1)(n_0 -
    n_2)}`, where :math:`n_0` counts pairs and :math:`n_1, n_2` those that are tied.

    Args:
        predicted: ``(n,)``.
        label: ``(n,)``.
        counts: of each resample, ``(B, n)``.

    Returns:
        ``(B,)``; NaN where a resample has ties only.
    """
    exact = len(label) <= EXACT
    numerator = _pairs(predicted, label, counts) if exact else _linear(predicted, label, counts)
    total = counts.sum(1, dtype=np.float64)
    pairs = total * (total - 1) / 2
    free = (pairs - _tied(predicted, counts)) * (pairs - _tied(label, counts))
    with np.errstate(invalid="ignore", divide="ignore"):
        return numerator / np.sqrt(free)


def r2(predicted: Array, label: Array, counts: Array) -> Array:
    """The coefficient of determination of each resample, ``(B,)``; see :func:`kendall_tau`."""
    weights = counts.astype(np.float64)
    total = weights.sum(1)
    residual = weights @ (predicted - label) ** 2
    centred = label - label.mean()
    spread = weights @ centred**2 - (weights @ centred) ** 2 / total
    with np.errstate(invalid="ignore", divide="ignore"):
        return 1 - residual / spread


def interval(values: Array, level: float = 0.95) -> tuple[float, float] | None:
    """The middle share of the resamples; ``None`` if one of them has no value."""
    if not np.isfinite(values).all():
        return None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _signs(predicted: Array, label: Array, rows: slice) -> Array:
    products = np.sign(predicted[rows, None] - predicted) * np.sign(label[rows, None] - label)
    return products.astype(np.float32)


def _pairs(predicted: Array, label: Array, counts: Array) -> Array:
    """Half of the quadratic form of each resample. Whole numbers, so float32 is exact."""
    found = np.zeros(len(counts))
    for start in range(0, len(label), BLOCK):
        rows = slice(start, start + BLOCK)
        products = counts @ _signs(predicted, label, rows).T
        found += (products.astype(np.float64) * counts[:, rows]).sum(1)
    return found / 2


def _linear(predicted: Array, label: Array, counts: Array) -> Array:
    """The same to first order in the differences of the counts from their mean."""
    blocks = (slice(start, start + BLOCK) for start in range(0, len(label), BLOCK))
    sums = np.concatenate([_signs(predicted, label, rows).sum(1) for rows in blocks])
    n = len(label)
    total = counts.sum(1, dtype=np.float64)
    share = counts @ sums.astype(np.float64) / total
    return total**2 * (share / n - sums.mean() / (2 * n))


def _tied(values: Array, counts: Array) -> Array:
    """Number of pairs in each resample that have equal values, ``(B,)``."""
    order = np.argsort(values, kind="stable")
    ends = np.flatnonzero(np.diff(values[order])) + 1
    sums = np.add.reduceat(counts[:, order].astype(np.float64), [0, *ends], axis=1)
    return (sums * (sums - 1)).sum(1) / 2
