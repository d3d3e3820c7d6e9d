"""Time and memory of two implementations, side by side: each in fresh processes, in turn."""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.floor import Floor, floor

OURS, PLAIN = "ours", "plain"
ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Case:
    """One size of a benchmark.

    Attributes:
        name: as it stands in the table.
        options: of the function that builds a step.
        edges: of all graphs together.
        items: that a step handles; the table shows the time of one.
        with_plain: the baseline is run as well.
    """

    name: str
    options: dict[str, int]
    edges: int
    items: int = 1
    with_plain: bool = True


@dataclass(frozen=True)
class Measured:
    """One implementation on one case.

    Attributes:
        seconds: median over processes of the median step.
        peak_mb: largest growth of memory during a step, in MiB.
        floor: what a step costs at least.
    """

    seconds: float
    peak_mb: float
    floor: Floor | None = None


def measure(step: Callable[[], None], *, repeats: int, device: str) -> dict[str, float]:
    """Median time of a step, and how far memory grew above where it was before the first."""
    cuda = device == "cuda"
    if cuda:
        torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() if cuda else _peak()
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        step()
        if cuda:
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    after = torch.cuda.max_memory_allocated() if cuda else _peak()
    return {"seconds": statistics.median(seconds[1:]), "peak_mb": (after - before) / 2**20}


def main(
    build: Callable[..., Callable[[], None]],
    cases: Sequence[Case],
    *,
    repeats: int,
    bytes_of: Callable[..., float] | None = None,
) -> None:
    """Run a benchmark from the command line.

    Args:
        build: makes a step for ``side``, ``device`` and a case's options.
        cases: the sizes.
        repeats: steps per process, after one that does not count.
        bytes_of: what a step of a case has to move at least, for its floor.
    """
    parser = argparse.ArgumentParser(description=(sys.modules["__main__"].__doc__ or "").strip())
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--rounds", type=int, default=3, help="processes of each kind, in turn")
    parser.add_argument("--case", help="only cases whose name contains this")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        job = json.loads(args.one)
        torch.manual_seed(0)
        step = build(job["side"], args.device, **job["options"])
        found: dict[str, Any] = {**measure(step, repeats=repeats, device=args.device)}
        if job["side"] == OURS and bytes_of is not None:
            eager = build(OURS, args.device, **job["options"] | {"compiled": 0})
            found["floor"] = asdict(floor(eager, bytes_of(**job["options"]), args.device))
        sys.stdout.write(json.dumps(found))
        return
    rows = []
    for case in cases:
        if args.case is None or args.case in case.name:
            sides = [OURS, PLAIN] if case.with_plain else [OURS]
            rows.append((case, _rounds(case, sides, args)))
            _show(rows, args.device)
    _write(rows, args)


def _rounds(case: Case, sides: Sequence[str], args: argparse.Namespace) -> dict[str, Measured]:
    runs: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
    for _ in range(args.rounds):
        for side in sides:
            job = json.dumps({"side": side, "options": case.options})
            module = f"benchmarks.{Path(sys.argv[0]).stem}"
            command = [sys.executable, "-m", module, "--device", args.device, "--one", job]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
            runs[side].append(json.loads(done.stdout))
    return {side: _median(run) for side, run in runs.items()}


def _median(runs: Sequence[dict[str, Any]]) -> Measured:
    seconds, peak = (statistics.median(r[key] for r in runs) for key in ("seconds", "peak_mb"))
    floors = [Floor(**r["floor"]) for r in runs if "floor" in r]
    return Measured(seconds, peak, min(floors, key=lambda f: f.seconds, default=None))


def _show(rows: Sequence[tuple[Case, dict[str, Measured]]], device: str) -> None:
    table = Table(title=f"{Path(sys.argv[0]).stem} on {device}")
    columns = ("case", "edges", "ours", "floor", "plain", "faster", "MiB", "plain MiB", "less")
    for column in columns:
        table.add_column(column, justify="left" if column == "case" else "right")
    for case, sides in rows:
        ours, plain = sides[OURS], sides.get(PLAIN)
        times = [
            _time(side.seconds / case.items) if side else "" for side in (ours, ours.floor, plain)
        ]
        ratio = f"{plain.seconds / ours.seconds:.1f} x" if plain else ""
        less = f"{plain.peak_mb / max(ours.peak_mb, 1):.1f} x" if plain else ""
        memory = (f"{ours.peak_mb:,.0f}", f"{plain.peak_mb:,.0f}" if plain else "")
        table.add_row(case.name, f"{case.edges:,}", *times, ratio, *memory, less)
    Console(width=120).print(table)


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:,.1f} us"


def _write(rows: Sequence[tuple[Case, dict[str, Measured]]], args: argparse.Namespace) -> None:
    name = Path(sys.argv[0]).stem
    cuda = args.device == "cuda"
    record = {
        "command": f"python -m benchmarks.{name} --device {args.device} --rounds {args.rounds}"
        + (f' --case "{args.case}"' if args.case else ""),
        "device": torch.cuda.get_device_name() if cuda else _processor(),
        "threads": torch.get_num_threads(),
        "load_at_end": os.getloadavg()[0],
        "allocator": {k: v for k, v in os.environ.items() if k.startswith(("MALLOC_", "THP_"))},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "cases": [
            asdict(case) | {side: asdict(m) for side, m in sides.items()} for case, sides in rows
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}_{args.device}.json").write_text(json.dumps(record, indent=2) + "\n")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")]
    return f"{len(names)} x {names[0].split(':')[1].strip()}" if names else platform.processor()
