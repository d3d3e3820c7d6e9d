"""No guard."""

from pipelines.guards.guard import Guard
from pipelines.guards.predictor_file import load_frozen
from pipelines.run import Run
from scalegmn.predictor.judge import Judge, Trusting


class Unguarded(Guard):
    """Follow the predictor wherever it leads, as published."""

    name = "none"

    def judge(self, run: Run) -> Judge:
        return Trusting(load_frozen(self.file))
