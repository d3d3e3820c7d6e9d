"""All results in tables and pictures: ``python report.py``."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import hydra
from hydra.utils import instantiate
from matplotlib.figure import Figure
from omegaconf import DictConfig
from rich.console import Console
from rich.markdown import Markdown

from pipelines.config_check import check_types
from pipelines.errors import one_line_errors
from pipelines.launch import command
from reporting import (
    PredictorTable,
    Table,
    collect,
    plot_curves,
    plot_learning_curves,
    plot_predictors,
    predictors_to_csv,
    predictors_to_markdown,
    tabulate,
    tabulate_predictors,
    to_csv,
    to_markdown,
    without_scores,
)
from scalegmn.formats import atomic_path

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Report:
    """What the runs found out.

    Attributes:
        networks: pruned and dense ones.
        predictors: of accuracies.
    """

    networks: Table
    predictors: PredictorTable


def report(roots: str | Sequence[str], output_dir: str | Path) -> Report:
    """Read every ``results.json`` below ``roots``; write the tables and the figures.

    Raises:
        FileNotFoundError: if no file there tells of a network or a predictor.
    """
    roots = [roots] if isinstance(roots, str) else roots
    results, complaints = collect(roots)
    for complaint in complaints:
        log.warning(complaint)
    found = Report(tabulate(results), tabulate_predictors(results))
    if debug := sum(bool(run.debug) for run in results):
        log.info("left out: %d on some batches only (debug)", debug)
    if failed := without_scores(results):
        log.warning("left out: %d predictors without scores, as theirs are NaN", failed)
    if not found.networks and not found.predictors:
        raise FileNotFoundError(
            f"no results of a network or a predictor below {', '.join(roots)}: "
            "run an experiment first (python train.py), or set roots=[FOLDER]"
        )
    folder = Path(output_dir)
    for name, text in texts(found).items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for name, figure in figures(found).items():
        with atomic_path(folder / name) as temporary:
            figure.savefig(temporary, dpi=150)
    return found


def texts(found: Report) -> dict[str, str]:
    """The tables by the names of their files."""
    written: dict[str, str] = {}
    if found.networks:
        written |= {"table.md": to_markdown(found.networks), "table.csv": to_csv(found.networks)}
    if found.predictors:
        written["predictors.md"] = predictors_to_markdown(found.predictors)
        written["predictors.csv"] = predictors_to_csv(found.predictors)
    return written


def figures(found: Report) -> dict[str, Figure]:
    """The figures by the names of their files."""
    drawn: dict[str, Figure] = {}
    if found.networks:
        drawn["curves.png"] = plot_curves(found.networks)
    if found.predictors:
        drawn["predictors.png"] = plot_predictors(found.predictors)
    curves = plot_learning_curves(found.predictors)
    if curves is not None:
        drawn["learning_curves.png"] = curves
    return drawn


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="report"
)
def main(cfg: DictConfig) -> None:
    """Write the report that the config asks for, and show its table."""
    with one_line_errors():
        check_types(cfg)
        found = instantiate(cfg, _convert_="all")
    for name, text in texts(found).items():
        if name.endswith(".md"):
            Console().print(Markdown(text))
    log.info("Wrote %s/{%s}", cfg.output_dir, ",".join([*texts(found), *figures(found)]))


if __name__ == "__main__":
    command(main)
