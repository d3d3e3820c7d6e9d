"""Rows and sections of a table of predictors."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reporting.mean_sd import MeanSd
from reporting.predictor_intervals import Interval
from reporting.settings import Settings

# The predictor that others are compared with.
BASELINE = "StatNN"
FINETUNED = ", fine-tuned from "
# Labels that must not have a part in a choice that steers pruning.
TEST_LABEL = "test_accuracy"


@dataclass(frozen=True)
class PredictorRow:
    """One predictor with one protocol, on test networks.

    Args:
        predictor: its name, and the data that it was trained on before, if any.
        label: the settings that other rows of the section have with other values.
        parameters: their number.
        kendall_tau: over seeds.
        r2: over seeds.
        mae: over seeds, a fraction.
        difference: of ``kendall_tau`` and that of :data:`BASELINE` with the same seed; ``None``
            for the baseline itself, and where it is missing or has several rows.
        shipped: whether the results came with the project.
        by_seed: ``kendall_tau`` of each seed.
        tau_interval: 95 % interval of ``kendall_tau`` over test networks; ``None`` where a run left
            no predictions.
        r2_interval: of ``r2``.
        difference_interval: of ``difference``, on the same test networks.
        seconds: that runs took, over seeds; ``None`` if not recorded.
        good_tau: τ among good test networks, over seeds; ``None`` if not recorded.
        errors: mean absolute error in bands of sparsity by name, over seeds, a fraction.
    """

    predictor: str
    label: str
    parameters: int | None
    kendall_tau: MeanSd
    r2: MeanSd
    mae: MeanSd
    difference: MeanSd | None = None
    shipped: bool = False
    by_seed: Mapping[int, float] = field(default_factory=dict)
    tau_interval: Interval | None = None
    r2_interval: Interval | None = None
    difference_interval: Interval | None = None
    seconds: MeanSd | None = None
    good_tau: MeanSd | None = None
    errors: Mapping[str, MeanSd] = field(default_factory=dict)

    @property
    def family(self) -> str:
        """The predictor, whatever it was trained on before."""
        return self.predictor.partition(FINETUNED)[0]

    @property
    def name(self) -> str:
        """The predictor with its label."""
        return f"{self.predictor} ({self.label})" if self.label else self.predictor


@dataclass(frozen=True)
class PredictorSection:
    """Predictors that may be compared: the same networks to train on, with the same labels.

    Args:
        dataset: the zoo.
        data_note: a remark on it.
        label: the accuracies that were learnt; ``None`` for runs that did not write it down.
        train_networks: the number of networks to train on.
        variant: the settings of the data that other sections of this zoo have otherwise.
        shared: the settings of all rows.
        rows: the best predictor first.
    """

    dataset: str
    data_note: str | None
    label: str | None
    train_networks: int | None
    variant: str
    shared: Settings
    rows: tuple[PredictorRow, ...]


PredictorTable = list[PredictorSection]
