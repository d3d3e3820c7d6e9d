"""Tables and figures of all results: ``python report.py``."""

import logging
from pathlib import Path

import hydra
from omegaconf import DictConfig

from pipelines.errors import one_line_errors
from pipelines.launch import command

log = logging.getLogger(__name__)


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="report"
)
def main(cfg: DictConfig) -> None:
    """Write the report that the config asks for, and show its tables."""
    # Here, because it takes seconds: mistakes in overrides and --help come before it.
    from hydra.utils import instantiate
    from rich.console import Console
    from rich.markdown import Markdown

    from pipelines.config_check import check_config
    from reporting.report import summary

    with one_line_errors():
        check_config(cfg)
        found = instantiate(cfg, _convert_="all")
    Console().print(Markdown(summary(found)))
    log.info("Wrote %s/{%s}", cfg.output_dir, ",".join(found.files))


if __name__ == "__main__":
    command(main)
