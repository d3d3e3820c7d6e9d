"""Write metrics to a CSV file."""

import csv
from pathlib import Path

from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from scalegmn.formats import atomic_path

Row = dict[str, str]


class MetricsCSV(Callback):
    """Append one row of metrics per epoch to a file.

    A resumed run drops the rows of epochs that it repeats, and continues the table; Lightning's
    ``CSVLogger`` starts a new one. A metric that was not measured in an epoch has an empty cell::

        metrics_csv:
          _target_: callbacks.MetricsCSV
          file: ${paths.run_dir}/metrics.csv

    Args:
        file: columns ``epoch`` (from 0), ``step`` (optimizer steps so far), ``lr`` (of the first
            optimizer's first group in the epoch's last step) and every metric.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)
        self._old: dict[str, Tensor] = {}
        self._lr: float | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero and self.file.exists():
            _write(self.file, [r for r in _read(self.file) if _epoch(r) < trainer.current_epoch])

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # The trainer keeps metrics until they are measured again.
        self._old = dict(trainer.callback_metrics)
        self._lr = None

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        # Now, because schedulers may set the next step's rate before the batch ends.
        if optimizer is trainer.optimizers[0]:
            self._lr = float(optimizer.param_groups[0]["lr"])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # On every rank: reading the metrics is what reduces them.
        # The column lr has what a LearningRateMonitor adds.
        every = sorted(trainer.callback_metrics.items())
        metrics = [(name, value) for name, value in every if not name.startswith("lr-")]
        new = {name: repr(float(v)) for name, v in metrics if self._old.get(name) is not v}
        if not trainer.is_global_zero:
            return
        row = {"epoch": str(trainer.current_epoch), "step": str(trainer.global_step)}
        if self._lr is not None:
            row["lr"] = repr(self._lr)
        _append(self.file, row | new)


def _epoch(row: Row) -> int:
    return int(row["epoch"] or 0)


def _read(file: Path) -> list[Row]:
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream, restval=""))


def _append(file: Path, row: Row) -> None:
    header = _header(file) if file.exists() else []
    if set(row) <= set(header):
        with file.open("a", newline="") as stream:
            csv.DictWriter(stream, header).writerow(row)
    else:
        _write(file, [*(_read(file) if header else []), row])


def _header(file: Path) -> list[str]:
    with file.open(newline="") as stream:
        return next(csv.reader(stream), [])


def _write(file: Path, rows: list[Row]) -> None:
    columns = list(dict.fromkeys(column for row in rows for column in row))
    if not columns:
        file.unlink(missing_ok=True)
        return
    with atomic_path(file) as temporary, temporary.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        writer.writerows(rows)
