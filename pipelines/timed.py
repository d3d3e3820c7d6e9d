"""Measure how long a generator takes."""

import time
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Timed(Generic[T]):
    """The same items, and the time that making them takes.

    Args:
        items: made one after another, with other work in between.

    Attributes:
        seconds: that the items took so far, without the work in between.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self.items = items
        self.seconds = 0.0

    def __iter__(self) -> Iterator[T]:
        start = time.monotonic()
        for item in self.items:
            self.seconds += time.monotonic() - start
            yield item
            start = time.monotonic()
        self.seconds += time.monotonic() - start
