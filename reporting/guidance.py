"""What guided a method that optimises a prediction."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """The predictors that a method trusted, and how far.

    Args:
        guard: what keeps them from being fooled, such as ``ensemble``; ``none`` for nothing.
        predictor: their reader of networks, such as ``ScaleGMN (scale), forward``.
        learnt_from: their training data, and which accuracies these had, the latest first.
        test_labels: whether any of these accuracies were measured on test images, on which nothing
            may be chosen.
    """

    guard: str
    predictor: str
    learnt_from: str
    test_labels: bool
