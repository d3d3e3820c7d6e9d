"""The schema of ``results.json``, which every run writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from reporting.guidance import Guidance
from reporting.parse import parse
from reporting.rows import DenseRow, PrunedRow
from scalegmn.formats import atomic_path

ProtocolValue = str | int | float | bool | list[Any] | None
# The known methods, in the order of tables; a file may name others, which are shown after these.
METHODS = (
    "dense",
    "scalegmn_eq",
    "scalegmn_mask",
    "scalegmn_eq_gmp",
    "scalegmn_inv",
    "scalegmn_inv_guarded",
    "magnitude",
    "magnitude_layer",
    "imp",
    "imp_rewind",
    "l1",
    "gmp",
    "snip",
    "grasp",
    "lamp",
    "erk",
    "torch_pruning",
    "random",
    "shuffled",
)


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run.

    ``None`` means that a value does not apply; it is not written, and neither are NaN and infinity,
    which JSON does not know. Keys that a file has beyond these are ignored when it is read.

    Args:
        experiment: name of the experiment.
        seed: of the run.
        method: one of :data:`METHODS` or the user's own.
        target: the network that is pruned, such as ``small_cnn``.
        dataset: the images it classifies.
        data_note: what to know about these images.
        setting: how it was pruned, where that is unusual, such as ``balanced gauge``.
        dense: the network before pruning.
        pruned: one row per sparsity (and method, where a run compares several).
        predictor: the reader of networks that was trained, such as ``StatNN``.
        label: the accuracies that it learnt, ``test_accuracy`` or ``val_accuracy``.
        finetuned_from: what it had been trained on before, where it was not new.
        guidance: the predictors that guided the method, where it optimises a prediction.
        metrics: anything else that was measured.
        wall_seconds: how long the run took.
        method_seconds: how much of it the method took before fine-tuning, without the dense
            network; only of runs that were not interrupted.
        peak_memory_mb: how much memory it needed.
        device: what it ran on.
        config_hash: of the resolved config without paths, devices, loggers and output folders.
        protocol: what a comparison must share, by key of the config, such as ``finetune.lr``; not
            the seed, paths or devices. Runs with other values are other rows of a table.
        compared: the same for the methods that the run compares its own with, by their names.
        versions: of the packages that matter.
        debug: ``True`` for a run on some batches only, whose numbers mean nothing.

    Raises:
        ValueError: if a method is missing, a fraction is outside [0, 1], or there are networks but
            no target or dataset.
    """

    experiment: str
    seed: int
    method: str | None = None
    target: str | None = None
    dataset: str | None = None
    data_note: str | None = None
    setting: str | None = None
    dense: DenseRow | None = None
    pruned: tuple[PrunedRow, ...] = ()
    predictor: str | None = None
    label: str | None = None
    finetuned_from: str | None = None
    guidance: Guidance | None = None
    metrics: Mapping[str, float | int] = field(default_factory=dict)
    wall_seconds: float | None = None
    method_seconds: float | None = None
    peak_memory_mb: float | None = None
    device: str | None = None
    config_hash: str | None = None
    protocol: Mapping[str, ProtocolValue] = field(default_factory=dict)
    compared: Mapping[str, Mapping[str, ProtocolValue]] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    debug: bool | None = None

    def __post_init__(self) -> None:
        if (self.dense or self.pruned) and not (self.target and self.dataset):
            raise ValueError("a run with a dense or pruned network needs its target and dataset")
        if any(row.method is None for row in self.pruned) and self.method is None:
            raise ValueError("a pruned row without a method needs that of the run")

    def write(self, path: Path | str) -> None:
        """Write ``results.json``, whole or not at all."""
        with atomic_path(Path(path)) as temporary:
            text = json.dumps(_applicable(asdict(self)), indent=2, allow_nan=False)
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path | str) -> "Results":
        """Read a file that a run wrote, with or without a byte order mark.

        Raises:
            OSError: if it cannot be read, such as FileNotFoundError.
            ValueError: if it is not JSON, or not the results of a run; names the file and the key.
        """
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8-sig")
            return parse(cls, json.loads(text, parse_constant=_refuse_constant))
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is not a results.json: it is not UTF-8 text") from error
        except ValueError as error:
            raise ValueError(f"{path} is not a results.json: {error}") from error
        except RecursionError as error:
            raise ValueError(f"{path} is not a results.json: it is nested too deeply") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it has {name}, which JSON does not know")


def _applicable(value: Any) -> Any:
    """The same without empty and non-finite entries, at every depth."""
    if isinstance(value, Mapping):
        entries = {key: _applicable(entry) for key, entry in value.items()}
        return {key: entry for key, entry in entries.items() if entry not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_applicable(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
