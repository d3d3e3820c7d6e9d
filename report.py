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
    from reporting.report import figures, texts

    with one_line_errors():
        check_config(cfg)
        found = instantiate(cfg, _convert_="all")
    written = texts(found)
    for name, text in written.items():
        if name.endswith(".md"):
            Console().print(Markdown(text))
    log.info("Wrote %s/{index.html,%s}", cfg.output_dir, ",".join([*written, *figures(found)]))


if __name__ == "__main__":
    command(main)
