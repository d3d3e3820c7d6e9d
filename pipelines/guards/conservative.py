"""A guard that teaches the predictor to promise little where it has led."""

from typing import Any

from lightning import LightningDataModule

from lightning_modules.conservative_predictor import ConservativePredictor
from lightning_modules.squared_error import SquaredError
from pipelines.guards.refinement import Refinement
from pipelines.guards.visited import Visited
from scalegmn.arguments import check_number
from scalegmn.predictor import AccuracyPredictor


class Conservative(Refinement):
    """Refine the predictor to promise less for visited networks than for the zoo's; no labels.

    Args:
        weight: of the difference of these promises in the loss.
        arguments: of :class:`~pipelines.guards.refinement.Refinement`.

    Raises:
        ValueError: if a number is out of range.
    """

    name = "conservative"

    def __init__(self, *, weight: float, **arguments: Any) -> None:
        super().__init__(**arguments)
        check_number("guard.weight", weight, above=0)
        self.weight = weight

    def module(self, predictor: AccuracyPredictor, visited: Visited) -> ConservativePredictor:
        return ConservativePredictor(
            predictor,
            visited=visited.params,
            weight=self.weight,
            loss=SquaredError(),
            optimizer=self.optimizer,
        )

    def data(self, visited: Visited) -> LightningDataModule:
        return self.zoo
