"""Measure sizes and times of a network before and after, and write ``report.json`` and ``.md``."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import torch

from pipelines.exported_network import ExportedNetwork
from pipelines.json_files import write_json
from pipelines.network_size import network_size
from pipelines.speed.sides import sides
from pipelines.speed.timings import timings
from reporting.speed import SpeedReport, speed_markdown
from scalegmn.export.extra import missing
from scalegmn.export.onnx_file import PACKAGES
from scalegmn.formats import atomic_path
from scalegmn.latency import Latency

INFO = Path("/proc/cpuinfo")


def speed_report(
    exported: ExportedNetwork, folder: Path, *, title: str, latency: Latency, threads: Sequence[int]
) -> str:
    """Measure a network, and leave ``report.json`` and ``report.md``.

    Args:
        exported: the network before and after.
        folder: of the files.
        title: of the report.
        latency: how time is measured.
        threads: numbers of threads of the CPU, each measured.

    Returns:
        The report as Markdown.
    """
    nets, reason = sides(exported)
    report = SpeedReport(
        title=title,
        sizes={name: network_size(net, exported.example) for name, net in nets.items()},
        timings=tuple(timings(nets, exported.example, latency, threads)),
        rounds=latency.rounds,
        load=round(os.getloadavg()[0], 2),
        cores=os.cpu_count() or 1,
        machine=_machines(),
        versions=_versions(),
        no_fewer_channels=reason,
        missing=tuple(missing(PACKAGES)),
    )
    write_json(folder / "report.json", report.plain())
    text = speed_markdown(report)
    with atomic_path(folder / "report.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return text


def _machines() -> dict[str, str]:
    lines = INFO.read_text().splitlines() if INFO.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = f"{len(names)} x {names[0]}" if names else platform.processor() or platform.machine()
    return {"cpu": cpu} | (
        {"cuda": torch.cuda.get_device_name()} if torch.cuda.is_available() else {}
    )


def _versions() -> dict[str, str]:
    own = {"python": platform.python_version(), "torch": torch.__version__}
    return own if missing(PACKAGES) else {**own, "onnxruntime": version("onnxruntime")}
