"""Guards that refine the predictor between rounds of the optimisation."""

from abc import abstractmethod
from functools import partial
from pathlib import Path
from typing import Any

from lightning import LightningDataModule

from callbacks import StopOnDivergence
from datamodules.zoo import ZooDataModule
from lightning_modules.predictor import Predictor
from lightning_modules.schedule import OptimizerFactory
from pipelines.fit import Budget, fit
from pipelines.guards.guard import Guard
from pipelines.guards.predictor_file import load_frozen
from pipelines.guards.visited import Visited
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.arguments import check_number, check_whole
from scalegmn.formats import read_metadata
from scalegmn.predictor import AccuracyPredictor, save_predictor
from scalegmn.predictor.judge import Judge, Trusting

FILE = "predictor.safetensors"
# What a predictor's file states about where it comes from.
ORIGIN = ("experiment", "target", "dataset", "label")


class Refinement(Guard):
    """Follow the predictor for some epochs, refine it by where that has led, and go on.

    The predictor is fitted to a zoo's networks again, with what a subclass makes of the visited
    ones; the epoch with the lowest validation loss on the zoo is kept. With a tolerance, the
    optimisation goes back to the last network of the round whose promise held and that came before
    any candidate whose promise did not, or to where the round began, and only the predictor learns
    from what came after it.

    Args:
        method: the name of a method with this guard in the results.
        weights: the predictor's file; ``None`` for the reference.
        reference: the file of a predictor that comes with the project.
        zoo: networks for training and validation.
        every_n_epochs: epochs of the optimisation between two refinements.
        optimizer: makes an optimizer for the predictor's parameters.
        max_epochs: of a refinement.
        tolerance: what may be promised for a network above its validation accuracy before the
            optimisation goes back; ``None`` for anything.

    Raises:
        FileNotFoundError: if the predictor's file is not there.
        ValueError: if a number is out of range.
    """

    def __init__(
        self,
        *,
        method: str,
        weights: str | None,
        reference: str,
        zoo: ZooDataModule,
        every_n_epochs: int,
        optimizer: OptimizerFactory,
        max_epochs: int,
        tolerance: float | None = None,
    ) -> None:
        super().__init__(method=method, weights=weights, reference=reference)
        check_whole("guard.every_n_epochs", every_n_epochs)
        check_whole("guard.max_epochs", max_epochs)
        if tolerance is not None:
            check_number("guard.tolerance", tolerance, least=0)
        self.zoo = zoo
        self.every_n_epochs = every_n_epochs
        self.optimizer = optimizer
        self.budget = Budget(max_epochs)
        self.tolerance = tolerance

    def check(self) -> None:
        self.zoo.records()

    def judge(self, file: Path) -> Judge:
        return Trusting(load_frozen(file))

    def rounds(self, max_epochs: int) -> list[int]:
        whole, rest = divmod(max_epochs, self.every_n_epochs)
        return [self.every_n_epochs] * whole + ([rest] if rest else [])

    @property
    def visits(self) -> bool:
        return True

    def held(self, visited: Visited) -> list[bool]:
        if self.tolerance is None:
            return super().held(visited)
        return (visited.promised - visited.label <= self.tolerance).tolist()

    def refine(self, run: Run, file: Path, visited: Visited, folder: Path) -> Path:
        work = partial(self._fit, run, file, visited, folder)
        once(run, folder / "refined.json", work, keys=["epochs"], leaves=[folder / FILE])
        return folder / FILE

    @abstractmethod
    def module(self, predictor: AccuracyPredictor, visited: Visited) -> Predictor:
        """What trains the predictor."""

    @abstractmethod
    def data(self, visited: Visited) -> LightningDataModule:
        """What it is trained on."""

    def _fit(self, run: Run, file: Path, visited: Visited, folder: Path) -> dict[str, Any]:
        predictor = load_frozen(file).train().requires_grad_(True)
        module, data = self.module(predictor, visited), self.data(visited)
        # Before: reading a zoo, which a session does once, draws random numbers.
        data.setup("fit")
        run.seed()
        with announced(run.processes, f"{self.name}: refining by {len(visited)} networks"):
            epochs = fit(
                run,
                module,
                self.budget,
                folder=folder,
                label=self.name,
                data=data,
                callbacks=[StopOnDivergence()],
            )
        if run.processes.is_first:
            about = read_metadata(file)
            predictor.trained_on = about.get("finetuned_from")
            save_predictor(
                folder / FILE, predictor.eval(), {k: about[k] for k in ORIGIN if k in about}
            )
        run.processes.barrier()
        return {"epochs": epochs, "visited": len(visited)}
