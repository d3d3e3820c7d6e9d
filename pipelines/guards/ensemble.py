"""A guard that counts on what several predictors agree on."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.guards.guard import Guard
from pipelines.guards.predictor_file import in_project, load_frozen
from scalegmn.arguments import check_number
from scalegmn.predictor import AccuracyPredictor
from scalegmn.predictor.judge import Judge
from scalegmn.predictor.lower_bound import LowerBound


class Ensemble(Guard):
    """Follow the mean of several predictors less k of their standard deviations.

    Args:
        method: the name of a method with this guard in the results.
        weights: the file of the first predictor; ``None`` for the reference.
        reference: the file of a predictor that comes with the project.
        others: the files of the others, of the same recipe.
        k: standard deviations to take off.

    Raises:
        FileNotFoundError: if a file is not there.
        ValueError: if there are no others, or k is negative.
    """

    name = "ensemble"

    def __init__(
        self,
        *,
        method: str,
        weights: str | None,
        reference: str,
        others: Sequence[str],
        k: float,
    ) -> None:
        super().__init__(method=method, weights=weights, reference=reference)
        check_number("guard.k", k, least=0)
        if not others:
            raise ValueError("guard.others=[]: give the files of more predictors of the same kind")
        for other in others:
            if not in_project(other).is_file():
                raise FileNotFoundError(f"guard.others: {other}: no such file")
        self.others = [in_project(other) for other in others]
        self.k = k

    def judge(self, file: Path) -> Judge:
        return LowerBound(self.predictors(), k=self.k)

    def predictors(self) -> list[AccuracyPredictor]:
        return [load_frozen(file) for file in (self.file, *self.others)]
