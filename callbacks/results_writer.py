"""What a run found out."""

import platform
import resource
import sys
from dataclasses import replace
from pathlib import Path

import lightning
import torch
from lightning import Callback, LightningModule, Trainer

from callbacks.gathering import gathered_dense, gathered_metrics, gathered_rows
from callbacks.protocols import Predicts
from pipelines.run_record import RunRecord, begin_session
from reporting import PrunedRow, Results

NAME = "results.json"


class ResultsWriter(Callback):
    """Gathers what other callbacks measured into ``results.json`` when the run is over.

    A row's method is left out where it is the run's own::

        results_writer:
          _target_: callbacks.results_writer.ResultsWriter
          experiment: eq_prune_small_cnn
          method: scalegmn_eq
          target: small_cnn
          seed: 42
          folder: ${paths.run_dir}
          config_hash: ${config_hash}
          setting: ${setting}

    Args:
        experiment: its name.
        method: one of :data:`reporting.METHODS`; ``None`` where nothing is pruned.
        target: the name of the network.
        seed: of the run.
        folder: the run's.
        config_hash: of the run.
        setting: what keeps it from being compared with others, see :class:`Results`.
    """

    def __init__(
        self,
        *,
        experiment: str,
        method: str | None,
        target: str,
        seed: int,
        folder: str | Path,
        config_hash: str,
        setting: str | None = None,
    ) -> None:
        self.experiment = experiment
        self.method = method
        self.target = target
        self.seed = seed
        self.folder = Path(folder).resolve()
        self.config_hash = config_hash
        self.setting = setting
        self._record: RunRecord | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        # Not before the data were found: a run that cannot start leaves nothing behind.
        if stage == "fit" and trainer.is_global_zero:
            self._record = begin_session(self.folder, self.config_hash)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        # After every callback's on_fit_end, whatever their order; not after an exception.
        if stage != "fit":
            return
        if self._record is not None:
            self._write(trainer, pl_module, self._record)
        trainer.strategy.barrier()

    def _write(self, trainer: Trainer, pl_module: LightningModule, record: RunRecord) -> None:
        data = getattr(trainer, "datamodule", None)
        predictor = pl_module.predictor if isinstance(pl_module, Predicts) else None
        results = Results(
            experiment=self.experiment,
            method=self.method,
            target=self.target,
            dataset=getattr(data, "name", None),
            data_note=getattr(data, "data_note", None),
            seed=self.seed,
            dense=gathered_dense(trainer),
            pruned=tuple(self._relative(row) for row in gathered_rows(trainer)),
            predictor=predictor.recipe.name if predictor else None,
            label=getattr(data, "label", None) if predictor else None,
            finetuned_from=predictor.trained_on if predictor else None,
            metrics=gathered_metrics(trainer),
            wall_seconds=round(record.seconds, 1),
            peak_memory_mb=round(_peak_memory_mb(trainer.strategy.root_device), 1),
            device=_name(trainer.strategy.root_device),
            config_hash=self.config_hash,
            setting=self.setting,
            versions={
                "python": platform.python_version(),
                "torch": torch.__version__,
                "lightning": lightning.__version__,
            },
            debug=_sees_some_batches_only(trainer) or None,
        )
        results.write(self.folder / NAME)

    def _relative(self, row: PrunedRow) -> PrunedRow:
        file = row.file and Path(row.file).relative_to(self.folder).as_posix()
        return replace(row, file=file, method=None if row.method == self.method else row.method)


def _sees_some_batches_only(trainer: Trainer) -> bool:
    limits = (trainer.limit_train_batches, trainer.limit_val_batches, trainer.limit_test_batches)
    # A whole 1 is one batch, 1.0 is all of them.
    return any(isinstance(limit, int) or limit < 1 for limit in limits if limit is not None)


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _peak_memory_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    # In kilobytes, except on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
