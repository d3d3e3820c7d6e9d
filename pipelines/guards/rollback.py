"""How much of a round is kept where promises did not hold."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Kept:
    """The beginning of a round.

    Args:
        networks: number of leading networks of those after each epoch; the next round starts from
            the last of them.
        candidates: sparsities, of the networks that were passed until then.
        all: whether that is the whole round.
    """

    networks: int
    candidates: list[str]
    all: bool

    @classmethod
    def of(cls, steps: Sequence[int], passed: Mapping[str, int], held: Sequence[bool]) -> "Kept":
        """What ends with the last network whose promise held, before any candidate that broke it.

        Args:
            steps: optimizer steps until the network after each epoch, which increase.
            passed: steps until each candidate, by sparsity.
            held: whether the promise held of each of these networks, then of each candidate.
        """
        of_candidates = dict(zip(passed, held[len(steps) :], strict=True))
        broken = [step for sparsity, step in passed.items() if not of_candidates[sparsity]]
        # A candidate of the last step of an epoch is as sparse as the network after it.
        before = bisect_left(steps, min(broken)) if broken else len(steps)
        networks = max((k + 1 for k in range(before) if held[k]), default=0)
        if networks == len(steps):
            return cls(networks, list(passed), all=True)
        until = steps[networks - 1] if networks else -1
        return cls(networks, [s for s, step in passed.items() if step <= until], all=False)
