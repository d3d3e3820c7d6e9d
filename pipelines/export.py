"""Export a network: a checked file, its architecture, its card, and a report if asked for."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.markdown import Markdown
from rich.table import Table

from pipelines.config_check import check_config
from pipelines.execute import console, use_threads
from pipelines.exported_network import ExportedNetwork, exported_network
from pipelines.from_file import config_for
from pipelines.json_files import write_json
from pipelines.model_card import write_model_card
from pipelines.network_size import network_size
from pipelines.speed import speed_report
from scalegmn.arguments import check_number
from scalegmn.export import Format, write_checked

log = logging.getLogger(__name__)


def export(cfg: DictConfig) -> dict[str, Any]:
    """Export the network of ``cfg.file`` to ``cfg.paths.run_dir``.

    Files: the network in ``cfg.format``, ``architecture.json``, ``export.json``, the model card
    ``README.md``, and with ``cfg.report`` ``report.json`` and ``report.md``.

    Returns:
        What ``export.json`` holds.

    Raises:
        ValueError: if the file is not a network of this target, the format cannot express it, its
            outputs are not those of the network, or a package is not installed.
        FileNotFoundError: if the file is not there.
    """
    if cfg.file is None:
        raise ValueError("give file=FILE, the network to export")
    cfg = config_for(cfg, cfg.file)
    check_config(cfg)
    check_number("tolerance", cfg.tolerance, above=0)
    use_threads(cfg.num_threads)
    form: Format = instantiate(cfg.format, _convert_="all")
    folder = Path(cfg.paths.run_dir)
    path = folder / f"{Path(cfg.file).stem}{form.suffix}"
    if path.resolve() == Path(cfg.file).resolve():
        raise ValueError(f"{path} would be written over itself: give another hydra.run.dir")
    exported = exported_network(cfg)
    _log_removed(exported)
    difference = write_checked(
        form,
        path,
        exported.net,
        example=exported.example,
        reference=exported.before,
        tolerance=cfg.tolerance,
        metadata=exported.metadata,
    )
    write_json(folder / "architecture.json", exported.architecture)
    record = {**_record(cfg, exported, path), "format": form.name, "largest_difference": difference}
    write_json(folder / "export.json", record)
    write_model_card(cfg, folder, exported, record)
    _show(record)
    if cfg.report:
        latency = instantiate(cfg.measure, _convert_="all")
        title = f"{path.name}: sizes and times"
        cores = torch.get_num_threads()
        # A server often gives each of its workers one.
        threads = [cores] if cfg.num_threads is not None else sorted({1, cores})
        text = speed_report(exported, folder, title=title, latency=latency, threads=threads)
        console().print(Markdown(text))
    return record


def _record(cfg: DictConfig, exported: ExportedNetwork, path: Path) -> dict[str, Any]:
    return {
        "file": str(cfg.file),
        "target": cfg.target.name,
        "exported": path.name,
        "exported_bytes": path.stat().st_size,
        "tolerance": cfg.tolerance,
        "removed_channels": {n: list(pair) for n, pair in exported.shrunk.channels.items()},
        "before": network_size(exported.before, exported.example),
        "after": network_size(exported.net, exported.example),
    }


def _log_removed(exported: ExportedNetwork) -> None:
    channels = exported.shrunk.channels
    if channels:
        shown = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in channels.items())
        log.info("dead channels removed: %s", shown)


def _show(record: Mapping[str, Any]) -> None:
    before, after = record["before"], record["after"]
    table = Table("", "before", "after", title=f"{record['file']} as {record['exported']}")
    for key in before:
        table.add_row(key.replace("_", " "), f"{before[key]:,}", f"{after[key]:,}")
    table.add_row("exported bytes", "", f"{record['exported_bytes']:,}")
    console().print(table)
    log.info(
        "outputs are those of %s to %.1e of the largest output (at most %g)",
        record["file"],
        record["largest_difference"],
        record["tolerance"],
    )
