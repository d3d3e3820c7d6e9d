"""Prune, fine-tune, test: the same for every method."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import nn

from callbacks.fine_tuning import FineTuning
from callbacks.sources import Source, rewritten_target
from callbacks.thresholding import Thresholding
from pipelines.one_or_several import one_or_several
from pipelines.remembered import remembered
from reporting import PrunedRow
from scalegmn.formats import load_state, save_network
from scalegmn.pruning import Score, Selection, SparsityCount


class EarlyStoppedFineTuning(Callback):
    """When the fit is over: for each sparsity prune, fine-tune under the mask, and test.

    Leaves ``pruned_<percent>.safetensors`` in the folder. The learning rate and the epoch are
    chosen by validation loss; the test images are only looked at then. Finished work is found again
    in ``finetune/``, so that a killed run continues where it was. Several of these, with different
    methods and folders, can share a run::

        magnitude:
          _target_: callbacks.early_stopped_fine_tuning.EarlyStoppedFineTuning
          method: magnitude
          sparsities: [0.6, 0.9]
          score: {_target_: scalegmn.pruning.magnitude, _partial_: true}
          selection: {_target_: scalegmn.pruning.keep_top, _partial_: true}
          fine_tuning: ${finetune.routine}
          folder: ${paths.run_dir}
          metadata: ${metadata}

    Args:
        method: one of :data:`reporting.METHODS`.
        sparsities: fractions of the prunable parameters, in [0, 1); one or several.
        score: how much each prunable parameter matters.
        selection: which of them stay.
        fine_tuning: the routine.
        folder: for the pruned networks.
        metadata: what their files say, besides method and sparsity.
        source: the network to prune.

    Raises:
        ValueError: if a sparsity is out of range.
    """

    def __init__(
        self,
        method: str,
        *,
        sparsities: float | Sequence[float],
        score: Score,
        selection: Selection,
        fine_tuning: FineTuning,
        folder: str | Path,
        metadata: Mapping[str, str],
        source: Source = rewritten_target,
    ) -> None:
        self.method = method
        # Every one is checked now rather than after hours of training.
        self.thresholds = {
            sparsity: partial(Thresholding, score, selection, sparsity=sparsity)
            for sparsity in one_or_several(sparsities)
        }
        for threshold in self.thresholds.values():
            threshold()
        self.fine_tuning = fine_tuning
        self.folder = Path(folder).resolve()
        self.metadata = metadata
        self.source = source
        self._rows: list[PrunedRow] = []

    @property
    def state_key(self) -> str:
        return f"{type(self).__name__}[{self.method}]"

    def pruned_rows(self) -> Sequence[PrunedRow]:
        return self._rows

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        net = self.source(trainer, pl_module)
        self._rows = []
        for sparsity in self.thresholds:
            work = partial(self._prune, trainer, net, sparsity)
            row = remembered(self._work(sparsity) / "row.json", work, trainer=trainer)
            self._rows.append(PrunedRow(**row, method=self.method, file=str(self._file(sparsity))))

    def _prune(self, trainer: Trainer, dense: nn.Module, sparsity: float) -> dict[str, Any]:
        evaluate = self.fine_tuning.inner.evaluate
        threshold = self.thresholds[sparsity]
        pruned, net = deepcopy(dense), deepcopy(dense)
        threshold().choose(dense).apply_(pruned)
        before = evaluate(trainer, pruned, "test")
        tuned = self.fine_tuning.best(trainer, net, threshold, self._work(sparsity))
        after = evaluate(trainer, net, "test")
        return {
            "sparsity": sparsity,
            "test_acc": after.accuracy,
            "val_acc": tuned.val_acc,
            "val_loss": tuned.val_loss,
            "test_acc_before_finetune": before.accuracy,
            "finetune_lr": tuned.lr,
            "finetune_epochs": tuned.epochs,
            **self._save(trainer, net, sparsity),
        }

    def _save(self, trainer: Trainer, net: nn.Module, sparsity: float) -> dict[str, Any]:
        """Write the network, and count its zeros from the file."""
        file = self._file(sparsity)
        if trainer.is_global_zero:
            own = {"method": self.method, "sparsity": f"{sparsity:g}"}
            save_network(file, net.state_dict(), {**self.metadata, **own})
        trainer.strategy.barrier()
        count = SparsityCount.of(load_state(file, net))
        return {
            "weight_sparsity": count.weight_sparsity,
            "parameter_sparsity": count.parameter_sparsity,
            "nonzero": count.nonzero,
        }

    def _file(self, sparsity: float) -> Path:
        return self.folder / f"pruned_{100 * sparsity:g}.safetensors"

    def _work(self, sparsity: float) -> Path:
        return self.folder / "finetune" / f"{self.method}_{100 * sparsity:g}"
