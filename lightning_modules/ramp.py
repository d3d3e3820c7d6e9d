"""Raise the weight of a penalty during training."""

from dataclasses import dataclass

from scalegmn.arguments import check_number


@dataclass(frozen=True)
class Ramp:
    r"""The factor of a penalty's weight, from 0 at the start of the training to 1.

    .. math:: r(t) = 1 - (1 - \min(1, t / f))^p

    with the fraction :math:`t` of the training that is done. ``power`` 1 is linear; 3 is the cubic
    schedule of gradual pruning, fast at first: Zhu and Gupta, *To prune, or not to prune*, 2017,
    arXiv:1710.01878, eq. (1).

    Args:
        fraction: f, the part of the training after which the weight is full, in (0, 1].
        power: p, above 0.

    Raises:
        ValueError: if a number is out of range.
    """

    fraction: float
    power: float = 1.0

    def __post_init__(self) -> None:
        check_number("model.ramp.fraction", self.fraction, above=0, most=1)
        check_number("model.ramp.power", self.power, above=0)

    def __call__(self, done: float) -> float:
        """The factor after the fraction ``done`` of the training."""
        return 1 - (1 - min(1.0, done / self.fraction)) ** self.power
