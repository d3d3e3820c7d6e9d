"""Stop trials of a search that are worse than the median."""

from statistics import median

from optuna import Study
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState


class MedianAtStep(BasePruner):
    """Stop a trial whose latest value is above the median of other trials at the same step.

    Unlike :class:`optuna.pruners.MedianPruner`, which takes a trial's best value so far: losses of
    networks pruned to rising sparsities rise, so that their first would always be the best.

    Args:
        n_startup_trials: how many others must have come as far.
        n_warmup_steps: steps before this one are not looked at.

    Raises:
        ValueError: if one of them is below 0.
    """

    def __init__(self, *, n_startup_trials: int = 5, n_warmup_steps: int = 10) -> None:
        numbers = {"n_startup_trials": n_startup_trials, "n_warmup_steps": n_warmup_steps}
        for name, number in numbers.items():
            if number < 0:
                raise ValueError(f"{name} must be at least 0, got {number}")
        self.n_startup_trials = n_startup_trials
        self.n_warmup_steps = n_warmup_steps

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether to stop a trial that reported something."""
        step = trial.last_step
        if step is None or step < self.n_warmup_steps:
            return False
        states = (TrialState.COMPLETE, TrialState.PRUNED)
        others = [
            other.intermediate_values[step]
            for other in study.get_trials(deepcopy=False, states=states)
            if step in other.intermediate_values
        ]
        if len(others) < max(1, self.n_startup_trials):
            return False
        return trial.intermediate_values[step] > median(others)
