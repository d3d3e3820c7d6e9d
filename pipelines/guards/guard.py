"""The interface of guards."""

from abc import ABC, abstractmethod
from pathlib import Path

from pipelines.guards.predictor_file import load_frozen, predictor_file
from pipelines.guards.visited import Visited
from pipelines.run import Run
from reporting import Guidance
from scalegmn.predictor import AccuracyPredictor
from scalegmn.predictor.judge import Judge


class Guard(ABC):
    """Decides how far an optimiser may follow a predictor; made from ``conf/guard``.

    Args:
        method: the name of a method with this guard in the results.
        weights: the predictor's file; ``None`` for the reference.
        reference: the file of a predictor that comes with the project.

    Attributes:
        file: the predictor's.

    Raises:
        FileNotFoundError: if the file is not there.
    """

    def __init__(self, *, method: str, weights: str | None, reference: str) -> None:
        self.method = method
        self.file = predictor_file(weights, reference)

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in ``conf/guard``."""

    @abstractmethod
    def judge(self, file: Path) -> Judge:
        """What the optimiser follows, made once for each fit.

        Args:
            file: of the predictor: :attr:`file`, or what :meth:`refine` left.

        Raises:
            ValueError: if a file holds no predictor.
        """

    def check(self) -> None:
        """Look at the other files that it needs, before anything is trained.

        Raises:
            FileNotFoundError: if one is not there.
            ValueError: if one is not as declared.
        """
        return

    def rounds(self, max_epochs: int) -> list[int]:
        """The epochs of fits that follow one another, between which the predictor is refined."""
        return [max_epochs]

    @property
    def visits(self) -> bool:
        """Whether the networks after each epoch and the candidates are to be measured."""
        return False

    def held(self, visited: Visited) -> list[bool]:
        """Whether what was promised for each network is near enough to what it is."""
        return [True] * len(visited)

    def refine(self, run: Run, file: Path, visited: Visited, folder: Path) -> Path:
        """Refine the predictor by the networks that the optimiser has visited so far.

        Args:
            run: gives devices and a seed.
            file: the predictor.
            visited: all visited networks.
            folder: of the stage.

        Returns:
            The file of the new predictor.
        """
        return file

    def guidance(self) -> Guidance:
        """What the results state about the predictors."""
        predictors = self.predictors()
        sources = list(dict.fromkeys(str(p.trained_on) for p in predictors))
        return Guidance(
            guard=self.name,
            predictor=", ".join(dict.fromkeys(p.recipe.name for p in predictors)),
            learnt_from="; ".join(sources),
            test_labels=any("(test_accuracy)" in source for source in sources),
        )

    def predictors(self) -> list[AccuracyPredictor]:
        """All predictors, frozen."""
        return [load_frozen(self.file)]
