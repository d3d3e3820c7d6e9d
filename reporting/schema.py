"""What a run says about itself: ``results.json``."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from reporting.parse import parse
from scalegmn.formats import atomic_path

METHODS = (
    "dense",
    "scalegmn_eq",
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
    "random",
    "shuffled",
)


@dataclass(frozen=True, kw_only=True)
class DenseRow:
    """The network before pruning.

    Args:
        test_acc: fraction of test images.
        val_acc: fraction of validation images.
        val_loss: cross-entropy.
        parameters: weights and biases.
        saw_validation: whether it was trained on images of our validation split.
    """

    test_acc: float
    val_acc: float | None = None
    val_loss: float | None = None
    parameters: int | None = None
    saw_validation: bool | None = None

    def __post_init__(self) -> None:
        _check_fractions(self, "test_acc", "val_acc")


@dataclass(frozen=True, kw_only=True)
class PrunedRow:
    """One pruned network.

    Args:
        sparsity: the fraction of prunable parameters that was asked for.
        test_acc: fraction of test images, after fine-tuning where there was any.
        weight_sparsity: fraction of zeros among the weights of the saved file.
        parameter_sparsity: fraction of zeros among all its parameters.
        nonzero: parameters left.
        val_acc: fraction of validation images.
        val_loss: cross-entropy.
        test_acc_before_finetune: fraction of test images right after pruning.
        finetune_lr: the learning rate with the best validation loss.
        finetune_epochs: epochs until early stopping.
        file: the network, beside ``results.json``.
        method: where it differs from the run's.
    """

    sparsity: float
    test_acc: float
    weight_sparsity: float | None = None
    parameter_sparsity: float | None = None
    nonzero: int | None = None
    val_acc: float | None = None
    val_loss: float | None = None
    test_acc_before_finetune: float | None = None
    finetune_lr: float | None = None
    finetune_epochs: int | None = None
    file: str | None = None
    method: str | None = None

    def __post_init__(self) -> None:
        _check_method(self.method)
        _check_fractions(self, "sparsity", "weight_sparsity", "parameter_sparsity")
        _check_fractions(self, "test_acc", "val_acc", "test_acc_before_finetune")


@dataclass(frozen=True, kw_only=True)
class Results:
    """One run.

    ``None`` means that a value does not apply; it is not written, and neither are NaN and infinity,
    which JSON does not know. Keys that a file has beyond these are ignored when it is read.

    Args:
        experiment: name of the experiment.
        seed: of the run.
        method: one of :data:`METHODS`.
        target: the network that is pruned, such as ``small_cnn``.
        dataset: the images it classifies.
        data_note: what to know about these images.
        setting: how it was pruned, where that is unusual, such as ``balanced gauge``.
        dense: the network before pruning.
        pruned: one row per sparsity (and method, where a run compares several).
        predictor: the reader of networks that was trained, such as ``StatNN``.
        label: the accuracies that it learnt, ``test_accuracy`` or ``val_accuracy``.
        finetuned_from: what it had been trained on before, where it was not new.
        metrics: anything else that was measured.
        wall_seconds: how long the run took.
        peak_memory_mb: how much memory it needed.
        device: what it ran on.
        config_hash: of the resolved config without paths, devices, loggers and output folders.
        versions: of the packages that matter.
        debug: ``True`` for a run on some batches only, whose numbers mean nothing.

    Raises:
        ValueError: if a method is unknown or missing, a fraction is outside [0, 1], or there
            are networks but no target or dataset.
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
    metrics: Mapping[str, float | int] = field(default_factory=dict)
    wall_seconds: float | None = None
    peak_memory_mb: float | None = None
    device: str | None = None
    config_hash: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    debug: bool | None = None

    def __post_init__(self) -> None:
        _check_method(self.method)
        if (self.dense or self.pruned) and not (self.target and self.dataset):
            raise ValueError("a run with a dense or pruned network needs its target and dataset")
        if any(row.method is None for row in self.pruned) and self.method is None:
            raise ValueError("a pruned row without a method needs that of the run")

    def write(self, path: Path | str) -> None:
        """Write ``results.json``, whole or not at all."""
        with atomic_path(Path(path)) as temporary:
            text = json.dumps(_applicable(asdict(self)), indent=2)
            temporary.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path | str) -> "Results":
        """Read a file that a run wrote.

        Raises:
            FileNotFoundError: if it is not there.
            ValueError: if it is not JSON, or not the results of a run; names the file and the key.
        """
        try:
            return parse(cls, json.loads(Path(path).read_text(encoding="utf-8")))
        except ValueError as error:
            raise ValueError(f"{path} is not a results.json: {error}") from error


def _check_method(method: str | None) -> None:
    if method is not None and method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}; got {method!r}")


def _check_fractions(row: DenseRow | PrunedRow, *names: str) -> None:
    for name in names:
        value = getattr(row, name)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must be a fraction between 0 and 1, got {value}")


def _applicable(value: Any) -> Any:
    """The same without empty and non-finite entries, at every depth."""
    if isinstance(value, Mapping):
        entries = {key: _applicable(entry) for key, entry in value.items()}
        return {key: entry for key, entry in entries.items() if entry not in (None, {}, [])}
    if isinstance(value, list | tuple):
        return [_applicable(entry) for entry in value]
    return None if isinstance(value, float) and not isfinite(value) else value
