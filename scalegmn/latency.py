"""Measure the time of several functions side by side."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from jaxtyping import Float

from scalegmn.arguments import check_number, check_whole


@dataclass(frozen=True)
class Quartiles:
    """A distribution in three numbers.

    Attributes:
        lower: a quarter of the values is below it.
        median: half of the values are below it.
        upper: three quarters of the values are below it.
    """

    lower: float
    median: float
    upper: float

    @classmethod
    def of(cls, values: Float[np.ndarray, " n"] | Sequence[float]) -> "Quartiles":
        """The quartiles of some values."""
        return cls(*np.percentile(values, [25, 50, 75]).tolist())


@dataclass(frozen=True)
class Latency:
    """How time is measured: functions take turns, so that what slows the machine slows them all.

    Args:
        batch_sizes: images per call.
        rounds: in which each function has one turn; the first one moves on by one each round.
        warm_up: seconds of calls to each function before the first round.
        block: seconds that a turn takes at least; it is as many calls as this needs.

    Raises:
        ValueError: if a number is not above 0.
    """

    batch_sizes: Sequence[int] = (1, 64)
    rounds: int = 30
    warm_up: float = 0.5
    block: float = 0.02

    def __post_init__(self) -> None:
        for size in self.batch_sizes:
            check_whole("measure.batch_sizes", size)
        check_whole("measure.rounds", self.rounds)
        check_number("measure.warm_up", self.warm_up, above=0)
        check_number("measure.block", self.block, above=0)

    def seconds(
        self, functions: Mapping[str, Callable[[], Any]]
    ) -> dict[str, Float[np.ndarray, " rounds"]]:
        """Seconds of one call to each function, in each round."""
        calls = {name: self._calls(function) for name, function in functions.items()}
        found: dict[str, list[float]] = {name: [] for name in functions}
        names = list(functions)
        for round_ in range(self.rounds):
            first = round_ % len(names)
            for name in names[first:] + names[:first]:
                found[name].append(_timed(functions[name], calls[name]))
        return {name: np.array(values) for name, values in found.items()}

    def _calls(self, function: Callable[[], Any]) -> int:
        """Warm a function up; the number of calls that make a block."""
        function()
        start, calls = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < self.warm_up:
            function()
            calls += 1
        return ceil(self.block * calls / elapsed)


def _timed(function: Callable[[], Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        function()
    return (time.perf_counter() - start) / calls
