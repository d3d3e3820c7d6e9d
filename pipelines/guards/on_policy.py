"""A guard that measures where the predictor has led."""

from typing import Any

from lightning import LightningDataModule

from datamodules.zoo_with_visited import ZooWithVisited
from lightning_modules.predictor import Predictor
from lightning_modules.squared_error import SquaredError
from pipelines.guards.refinement import Refinement
from pipelines.guards.visited import Visited
from scalegmn.arguments import check_whole
from scalegmn.predictor import AccuracyPredictor


class OnPolicy(Refinement):
    """Refine the predictor by the true validation accuracies of the networks visited so far.

    Args:
        copies: how often each visited network is in an epoch of the refinement.
        arguments: of :class:`~pipelines.guards.refinement.Refinement`.

    Raises:
        ValueError: if a number is out of range.
    """

    name = "on_policy"

    def __init__(self, *, copies: int, **arguments: Any) -> None:
        super().__init__(**arguments)
        check_whole("guard.copies", copies)
        self.copies = copies

    def module(self, predictor: AccuracyPredictor, visited: Visited) -> Predictor:
        return Predictor(predictor, loss=SquaredError(), optimizer=self.optimizer)

    def data(self, visited: Visited) -> LightningDataModule:
        return ZooWithVisited(
            self.zoo, visited=visited.params, label=visited.label, copies=self.copies
        )
