"""Pictures of what a run found out."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer
from matplotlib.figure import Figure
from torch import nn

from callbacks.gathering import gathered_dense, gathered_rows
from callbacks.protocols import offering_target
from callbacks.shown_figures import show_figures
from reporting import DenseRow, PrunedRow, Results, Run
from reporting.curves import plot_curves
from reporting.layer_figure import layer_figure
from reporting.networks import tabulate
from scalegmn.formats import load_state
from scalegmn.pruning import SparsityCount


class Figures(Callback):
    """Draws accuracy over sparsity, and the sparsity of each layer, when the run is over.

    Both are PNG files in the run's folder, and in TensorBoard::

        figures:
          _target_: callbacks.figures.Figures
          folder: ${paths.run_dir}
          target: small_cnn
          method: scalegmn_eq

    Args:
        folder: for ``accuracy.png`` and ``layers.png``.
        target: the name of the network.
        method: of rows that do not say theirs.
    """

    def __init__(self, *, folder: str | Path, target: str, method: str) -> None:
        self.folder = Path(folder)
        self.target = target
        self.method = method

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        # After every callback's on_fit_end, whatever their order.
        rows, dense = gathered_rows(trainer), gathered_dense(trainer)
        if stage != "fit" or not trainer.is_global_zero or not rows:
            return
        data = getattr(trainer, "datamodule", None)
        figures = {
            "accuracy": self._accuracy(rows, dense, getattr(data, "name", "")),
            "layers": self._layers(rows, offering_target(pl_module).target),
        }
        show_figures(trainer, figures, self.folder)

    def _accuracy(self, rows: list[PrunedRow], dense: DenseRow | None, dataset: str) -> Figure:
        results = Results(
            experiment="",
            seed=0,
            method=self.method,
            target=self.target,
            dataset=dataset,
            dense=dense,
            pruned=tuple(rows),
        )
        figure = plot_curves(tabulate([Run(results)]))
        assert figure is not None
        return figure

    def _layers(self, rows: list[PrunedRow], target: nn.Module) -> Figure:
        series = {}
        for row in rows:
            state = load_state(str(row.file), target)
            weights = {name: tensor for name, tensor in state.items() if tensor.ndim > 1}
            zeros = {n: SparsityCount.of({n: w}).weight_sparsity for n, w in weights.items()}
            series[f"{row.method or self.method} {100 * row.sparsity:g} %"] = zeros
        return layer_figure(series)
