"""All results in one table and one picture: ``python report.py``."""

import logging
from collections.abc import Sequence
from pathlib import Path

import hydra
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.console import Console
from rich.markdown import Markdown

from conf.errors import one_line_errors, run
from conf.types import check_types
from scalegmn.formats import atomic_path
from scalegmn.results import Table, collect, plot_curves, tabulate, to_csv, to_markdown

log = logging.getLogger(__name__)


def report(roots: str | Sequence[str], output_dir: str | Path) -> Table:
    """Read every ``results.json`` below ``roots``; write the table and the curves.

    Raises:
        FileNotFoundError: if no file there tells of a network.
    """
    roots = [roots] if isinstance(roots, str) else roots
    results, complaints = collect(roots)
    for complaint in complaints:
        log.warning(complaint)
    table = tabulate(results)
    if debug := sum(bool(run.debug) for run in results):
        log.info("left out: %d on some batches only (debug)", debug)
    if not table:
        raise FileNotFoundError(
            f"no results of a network below {', '.join(roots)}: "
            "run an experiment first (python train.py), or set roots=[FOLDER]"
        )
    for name, text in {"table.md": to_markdown(table), "table.csv": to_csv(table)}.items():
        with atomic_path(Path(output_dir) / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    with atomic_path(Path(output_dir) / "curves.png") as temporary:
        plot_curves(table).savefig(temporary, dpi=150)
    return table


@hydra.main(version_base="1.3", config_path="conf", config_name="report")
def main(cfg: DictConfig) -> None:
    """Write the report that the config asks for, and show its table."""
    with one_line_errors():
        check_types(cfg)
        table = instantiate(cfg, _convert_="all")
    Console().print(Markdown(to_markdown(table)))
    log.info("Wrote %s/{table.md,table.csv,curves.png}", cfg.output_dir)


if __name__ == "__main__":
    run(main)
