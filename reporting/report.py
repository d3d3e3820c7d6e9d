"""Write tables, figures and a page of all results."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from reporting import Run, collect
from reporting.commands import runs_to_markdown
from reporting.copies import update_copies
from reporting.curves import plot_curves
from reporting.gaps_figure import plot_gaps
from reporting.inrs import INRTable, tabulate_inrs
from reporting.inrs_text import inrs_to_csv, inrs_to_markdown
from reporting.layer_heatmap import plot_layers
from reporting.learning_curves import plot_learning_curves
from reporting.networks import Table, tabulate
from reporting.networks_csv import differences_to_csv, to_csv
from reporting.networks_text import to_latex_tables, to_markdown, to_summary
from reporting.page import html_page
from reporting.pareto import plot_pareto
from reporting.predictor_rows import PredictorTable
from reporting.predictors import tabulate_predictors, without_scores
from reporting.predictors_figure import plot_predictors
from reporting.predictors_text import predictors_to_csv, predictors_to_markdown
from reporting.training import plot_training
from scalegmn.formats import atomic_path

log = logging.getLogger(__name__)

DPI = 120
# The results that came with the project.
SHIPPED = Path(__file__).parents[1] / "outputs" / "reference"


@dataclass(frozen=True)
class Report:
    """Tables of all results.

    Attributes:
        networks: pruned and dense ones.
        predictors: of accuracies.
        inrs: editors and classifiers of INRs.
        runs: that they were made of.
        files: that were written, by name.
    """

    networks: Table
    predictors: PredictorTable
    inrs: INRTable = ()
    runs: Sequence[Run] = ()
    files: tuple[str, ...] = ()


def report(
    roots: str | Sequence[str],
    output_dir: str | Path,
    *,
    reference: bool = False,
    pages: Sequence[str | Path] = (),
    shipped: str | Path = SHIPPED,
) -> Report:
    """Read every ``results.json`` below ``roots``; write tables, figures and a page of them.

    Args:
        roots: folders.
        output_dir: folder of the report.
        reference: whether to read the results in ``shipped``, too.
        pages: Markdown pages whose copies of tables are brought up to date.
        shipped: folder of the results that came with the project. They are marked, and read only
            if ``reference`` is set or a root lies in it.

    Raises:
        FileNotFoundError: if no file there has results of these, or a page is missing.
        ValueError: if the report cannot be written there, or a page copies no table.
    """
    roots = [roots] if isinstance(roots, str) else list(roots)
    searched = [*roots, str(shipped)] if reference else roots
    runs, complaints = collect(searched, shipped=shipped, with_shipped=reference)
    for complaint in complaints:
        log.warning(complaint)
    found = Report(tabulate(runs), tabulate_predictors(runs), tabulate_inrs(runs), runs)
    if debug := sum(bool(run.results.debug) for run in runs):
        log.info("left out: %d on some batches only (debug)", debug)
    if failed := without_scores(runs):
        log.warning("left out: %d predictors without scores, as theirs are NaN", failed)
    if not (found.networks or found.predictors or found.inrs):
        raise FileNotFoundError(
            f"no results of a network, a predictor or INRs below {', '.join(roots)}: run an "
            "experiment first (python train.py), set 'roots=[FOLDER]', or see those that came with "
            "the project (reference=true)"
        )
    files = write(found, Path(output_dir).expanduser())
    for page in pages:
        update_copies(Path(page).expanduser())
    return replace(found, files=files)


def write(found: Report, folder: Path) -> tuple[str, ...]:
    """Write all files of the report; returns their names.

    Raises:
        ValueError: if the folder cannot be written to.
    """
    drawn = {name: _png(figure) for name, figure in figures(found).items()}
    page = html_page(found.networks, found.predictors, drawn, found.inrs)
    pages = {"index.html": page, **texts(found)}
    for name, text in pages.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    for name, content in drawn.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_bytes(content)
    return (*pages, *drawn)


def summary(found: Report) -> str:
    """What the terminal shows, as Markdown: accuracies, and the tables of predictors and INRs."""
    networks = to_summary(found.networks) if found.networks else ""
    predictors = predictors_to_markdown(found.predictors) if found.predictors else ""
    return networks + predictors + (inrs_to_markdown(found.inrs) if found.inrs else "")


def texts(found: Report) -> dict[str, str]:
    """The tables by file name."""
    written: dict[str, str] = {}
    if found.networks:
        written |= {"table.md": to_markdown(found.networks), "table.csv": to_csv(found.networks)}
        written["table.tex"] = to_latex_tables(found.networks)
        if paired := differences_to_csv(found.networks):
            written["differences.csv"] = paired
    if found.predictors:
        written["predictors.md"] = predictors_to_markdown(found.predictors)
        written["predictors.csv"] = predictors_to_csv(found.predictors)
    if found.inrs:
        written |= {"inrs.md": inrs_to_markdown(found.inrs), "inrs.csv": inrs_to_csv(found.inrs)}
    if commands := runs_to_markdown(found.runs):
        written["runs.md"] = commands
    return written


def figures(found: Report) -> dict[str, Figure]:
    """The figures by file name."""
    drawn = {
        "curves.png": plot_curves(found.networks),
        "gaps.png": plot_gaps(found.networks),
        "layers.png": plot_layers(found.networks),
        "pareto.png": plot_pareto(found.networks),
        "training.png": plot_training(found.networks),
        "predictors.png": plot_predictors(found.predictors) if found.predictors else None,
        "learning_curves.png": plot_learning_curves(found.predictors),
    }
    return {name: figure for name, figure in drawn.items() if figure is not None}


def _png(figure: Figure) -> bytes:
    """Drawn once, for the file and for the page."""
    # Laid out here: ``savefig`` would draw all of it a first time, only for the layout.
    if layout := figure.get_layout_engine():
        layout.execute(figure)
        figure.set_layout_engine("none")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=DPI)
    return content.getvalue()
