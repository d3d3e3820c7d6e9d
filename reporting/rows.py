"""Rows of ``results.json``: dense and pruned networks, their layers and learning rates."""

from dataclasses import dataclass


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
        _check_counts(self, "parameters")


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
        _check_counts(self, "epochs")
        if self.lr <= 0:
            raise ValueError(f"lr must be above 0, got {self.lr}")


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

    def __post_init__(self) -> None:
        if not 0 <= self.nonzero <= self.weights or not self.weights:
            raise ValueError(f"{self.name} cannot have {self.nonzero} of {self.weights} weights")


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
        predicted_acc: what the predictor that guided the method promised right after pruning.
        val_acc_before_finetune: fraction of validation images right after pruning, where the method
            measured it.
        method_sparsity: the fraction of zeros that the method itself reached, where it fell short
            and the smallest magnitudes made up the rest.
        layers: the weights of each layer of the saved file.
        file: the network, beside ``results.json``.
        method: where it differs from the run's; one of ``METHODS`` or the user's own.
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
    predicted_acc: float | None = None
    val_acc_before_finetune: float | None = None
    method_sparsity: float | None = None
    layers: tuple[LayerRow, ...] = ()
    file: str | None = None
    method: str | None = None

    def __post_init__(self) -> None:
        _check_fractions(self, "sparsity", "weight_sparsity", "parameter_sparsity")
        _check_fractions(self, "test_acc", "val_acc", "test_acc_before_finetune")
        _check_fractions(self, "predicted_acc", "val_acc_before_finetune", "method_sparsity")
        _check_counts(self, "nonzero", "finetune_epochs", "epochs_before_finetune")
        if self.finetune_lr is not None and self.finetune_lr <= 0:
            raise ValueError(f"finetune_lr must be above 0, got {self.finetune_lr}")

    @property
    def gap(self) -> float | None:
        """Promised less actual accuracy right after pruning; ``None`` if unknown."""
        if self.predicted_acc is None or self.val_acc_before_finetune is None:
            return None
        return self.predicted_acc - self.val_acc_before_finetune


def _check_fractions(row: DenseRow | FineTuneRate | PrunedRow, *names: str) -> None:
    for name in names:
        value = getattr(row, name)
        if value is not None and not 0 <= value <= 1:
            raise ValueError(f"{name} must be a fraction between 0 and 1, got {value}")


def _check_counts(row: DenseRow | FineTuneRate | PrunedRow, *names: str) -> None:
    for name in names:
        value = getattr(row, name)
        if value is not None and value < 0:
            raise ValueError(f"{name} must be 0 or more, got {value}")
