"""Show a run's results where people look: PNG files and TensorBoard."""

from collections.abc import Mapping
from typing import Any

from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure
from omegaconf import OmegaConf
from torch import nn

from pipelines.run import Run
from reporting import Results
from reporting.run_figures import run_figures
from scalegmn.formats import atomic_path, load_state


def network_figures(run: Run, results: Results, net: nn.Module) -> None:
    """Draw accuracy over sparsity, and the sparsity of each layer.

    Args:
        run: its folder gets ``accuracy.png`` and ``layers.png``.
        results: of the run.
        net: a network of the target's architecture.
    """
    if not run.processes.is_first:
        return
    states = {
        f"{row.method or results.method} {100 * row.sparsity:g} %": load_state(
            run.folder / str(row.file), net
        )
        for row in results.pruned
    }
    show(run, results, run_figures(results, states))


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
    settings: dict[str, Any] = {"experiment": results.experiment, "seed": results.seed}
    settings |= {key: _shown(value) for key, value in (results.protocol or {}).items()}
    logger.log_hyperparams(settings, numbers(results))
    config = OmegaConf.to_yaml(run.cfg).replace("\n", "\n    ")
    logger.experiment.add_text("config", f"    {config}")
    for name, figure in figures.items():
        logger.experiment.add_figure(name, figure)


def numbers(results: Results) -> dict[str, float]:
    """The results' numbers by the names that TensorBoard shows."""
    found: dict[str, float] = {f"result/{k}": float(v) for k, v in results.metrics.items()}
    if results.dense is not None:
        found["result/dense/test_acc"] = results.dense.test_acc
    for row in results.pruned:
        name = f"{row.method or results.method}_{100 * row.sparsity:g}"
        found[f"result/{name}/test_acc"] = row.test_acc
    return found


def _shown(value: object) -> object:
    return value if isinstance(value, bool | int | float | str) else str(value)
