"""No guard."""

from pathlib import Path

from pipelines.guards.guard import Guard
from pipelines.guards.predictor_file import load_frozen
from scalegmn.predictor.judge import Judge, Trusting


class Unguarded(Guard):
    """Follow the predictor wherever it leads, as published."""

    name = "none"

    def judge(self, file: Path) -> Judge:
        return Trusting(load_frozen(file))
