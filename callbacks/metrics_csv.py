"""Metrics as a table."""

import csv
from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from scalegmn.formats import atomic_path

Row = dict[str, str]


class MetricsCSV(Callback):
    """Appends one row of metrics per epoch to a file.

    A resumed run drops the rows of epochs that it repeats, and continues the table::

        metrics_csv:
          _target_: callbacks.metrics_csv.MetricsCSV
          file: ${paths.run_dir}/metrics.csv

    Args:
        file: columns ``epoch``, ``step``, ``lr`` (of the next step) and every metric.
    """

    def __init__(self, file: str | Path) -> None:
        self.file = Path(file)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        if trainer.is_global_zero and self.file.exists():
            _write(self.file, [r for r in _read(self.file) if _epoch(r) < trainer.current_epoch])

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        # On every rank: reading the metrics is what reduces them.
        metrics = {name: repr(float(v)) for name, v in sorted(trainer.callback_metrics.items())}
        if not trainer.is_global_zero:
            return
        row = {"epoch": str(trainer.current_epoch), "step": str(trainer.global_step)}
        if trainer.optimizers:
            row["lr"] = repr(float(trainer.optimizers[0].param_groups[0]["lr"]))
        _append(self.file, row | metrics)


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
