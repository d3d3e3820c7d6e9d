"""Show a run's results where people look: PNG files and TensorBoard."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch import nn

from pipelines.run import Run
from reporting import DenseRow, PrunedRow, Results
from reporting.gap_figure import gap_figure, read_trajectory
from reporting.run_figures import run_figures
from scalegmn.formats import atomic_path, load_state
from scalegmn.pruning import parameters_in


def network_figures(run: Run, results: Results, net: nn.Module) -> None:
    """Draw accuracy over sparsity, and the sparsity of each layer.

    Args:
        run: its folder gets ``accuracy.png`` and ``layers.png``, and ``gap.png`` if the method
            follows a predictor.
        results: of the run.
        net: a network of the target's architecture.
    """
    if not run.processes.is_first:
        return
    states = {
        f"{row.method or results.method} {100 * row.sparsity:g} %": parameters_in(
            load_state(run.folder / str(row.file), net), net
        )
        for row in results.pruned
    }
    figures = run_figures(results, states)
    # A method may go on in rounds, each with a folder.
    files = [run.folder / "metrics.csv", *sorted(run.folder.glob("round_*/metrics.csv"))]
    gap = gap_figure(results, [read_trajectory(file) for file in files])
    show(run, results, figures if gap is None else {**figures, "gap": gap})


def show(run: Run, results: Results, figures: Mapping[str, Figure]) -> None:
    """Write each figure to ``<name>.png``, and figures, settings and results to TensorBoard."""
    if not run.processes.is_first:
        return
    for name, figure in figures.items():
        with atomic_path(run.folder / f"{name}.png") as temporary:
            figure.savefig(temporary, dpi=150)
    for logger in run.build("logger").values():
        if isinstance(logger, TensorBoardLogger):
            _summarize(logger, run, results, figures)
            logger.finalize("success")


def _summarize(
    logger: TensorBoardLogger, run: Run, results: Results, figures: Mapping[str, Figure]
) -> None:
    settings: dict[str, Any] = {
        "experiment": results.experiment,
        "method": str(results.method),
        "seed": results.seed,
    }
    settings |= {key: _shown(value) for key, value in (results.protocol or {}).items()}
    logger.log_hyperparams(settings, numbers(results))
    config = OmegaConf.to_yaml(run.cfg).replace("\n", "\n    ")
    logger.experiment.add_text("config", f"    {config}")
    for name, figure in figures.items():
        logger.experiment.add_figure(name, figure)


def numbers(results: Results) -> dict[str, float]:
    """The results' numbers by the names that TensorBoard shows.

    Networks pruned by the run's own method have the same names in all runs, so that the dashboard
    ``HPARAMS`` compares the methods of a sweep; those of others have their method's.
    """
    found: dict[str, float | None] = {f"result/{k}": float(v) for k, v in results.metrics.items()}
    if results.dense is not None:
        found |= _qualities("dense", results.dense)
    for row in results.pruned:
        percent = f"{100 * row.sparsity:g}"
        own = row.method in (None, results.method)
        found |= _qualities(percent if own else f"{row.method}_{percent}", row)
    return {name: value for name, value in found.items() if value is not None}


def _qualities(name: str, row: DenseRow | PrunedRow) -> dict[str, float | None]:
    return {f"result/{name}/test_acc": row.test_acc, f"result/{name}/val_loss": row.val_loss}


def _shown(value: object) -> object:
    return value if isinstance(value, bool | int | float | str) else str(value)
