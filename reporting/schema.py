"""The schema of ``results.json``, which every run writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from reporting.parse import parse
from scalegmn.formats import atomic_path

ProtocolValue = str | int | float | bool | list[Any] | None
# The known methods, in the order of tables; a file may name others, which are shown after these.
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
        hash: 16 hexadecimal digits of the network's tensors; tells dense networks apart.
    """

    test_acc: float
    val_acc: float | None = None
    val_loss: float | None = None
    parameters: int | None = None
    saw_validation: bool | None = None
    hash: str | None = None

    def __post_init__(self) -> None:
        _check_fractions(self, "test_acc", "val_acc")


@dataclass(frozen=True, kw_only=True)
class FineTuneRate:
    """Outcome of fine-tuning with one learning rate.

    Args:
        lr: the learning rate.
        val_loss: cross-entropy on validation images, of the best epoch.
        val_acc: fraction of validation images, of the same epoch.
        epochs: epochs until early stopping.
    """

    lr: float
    val_loss: float | None = None
    val_acc: float | None = None
    epochs: int | None = None

    def __post_init__(self) -> None:
        _check_fractions(self, "val_acc")


@dataclass(frozen=True, kw_only=True)
class LayerRow:
    """The weights of one layer of a pruned network.

    Args:
        name: of the tensor.
        weights: its size.
        nonzero: weights left.
    """

    name: str
    weights: int
    nonzero: int


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
        finetune_rates: the outcome of every learning rate of the grid.
        finetune_lr_at_edge: whether ``finetune_lr`` is the lowest or highest of a grid of several.
        epochs_before_finetune: epochs over the images that the method used before fine-tuning; 0
            for one-shot methods.
        layers: the weights of each layer of the saved file.
        file: the network, beside ``results.json``.
        method: where it differs from the run's; one of :data:`METHODS` or the user's own.
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
    finetune_rates: tuple[FineTuneRate, ...] = ()
    finetune_lr_at_edge: bool | None = None
    epochs_before_finetune: int | None = None
    layers: tuple[LayerRow, ...] = ()
    file: str | None = None
    method: str | None = None

    def __post_init__(self) -> None:
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
        metrics: anything else that was measured.
        wall_seconds: how long the run took.
        method_seconds: how much of it the method took before fine-tuning, without the dense
            network.
        peak_memory_mb: how much memory it needed.
        device: what it ran on.
        config_hash: of the resolved config without paths, devices, loggers and output folders.
        protocol: what a comparison must share, by key of the config, such as ``finetune.lr``; not
            the seed, paths or devices. Runs with other values are other rows of a table.
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
    metrics: Mapping[str, float | int] = field(default_factory=dict)
    wall_seconds: float | None = None
    method_seconds: float | None = None
    peak_memory_mb: float | None = None
    device: str | None = None
    config_hash: str | None = None
    protocol: Mapping[str, ProtocolValue] = field(default_factory=dict)
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


def _check_fractions(row: DenseRow | FineTuneRate | PrunedRow, *names: str) -> None:
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
