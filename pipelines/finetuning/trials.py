"""What a stack fine-tunes: candidates of runs, each with every learning rate."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from pipelines.finetuning.job import Job
from pipelines.finetuning.outcome import NETWORK, RESULT
from pipelines.run import Run


@dataclass(frozen=True, eq=False)
class Candidates:
    """What one run has to fine-tune.

    Args:
        run: gives the data and the budget, ``finetune`` of its config.
        jobs: the candidates; their networks are pruned.
        teacher: the dense network, for distillation.
    """

    run: Run
    jobs: Iterable[Job]
    teacher: nn.Module


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate with one learning rate.

    Args:
        job: the candidate; its network is pruned.
        lr: the learning rate.
        source: the number of its run.
    """

    job: Job
    lr: float
    source: int

    @property
    def folder(self) -> Path:
        return self.job.rate(self.lr)

    @property
    def finished(self) -> bool:
        """Whether an earlier session fine-tuned and saved it."""
        return (
            self.job.row.exists()
            or (self.folder / RESULT).exists()
            and (self.folder / NETWORK).exists()
        )
