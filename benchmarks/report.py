"""The tables and the figure of the benchmarks, from the results that lie in ``results/``.

``python -m benchmarks.report`` writes ``results/growth_<device>.png`` and the tables in README.md.
"""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

HERE = Path(__file__).parent
BLOCK = re.compile(r"(?<=<!-- results -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
COLUMNS = "| case | edges | ours | floor | plain | faster | MiB | plain MiB | less |"
RULE = "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
Record = dict[str, Any]


def main() -> None:
    """Write tables and figures for all results."""
    matplotlib.use("Agg")
    paths = sorted((HERE / "results").glob("*.json"))
    found = {path.stem: json.loads(path.read_text()) for path in paths}
    records = {name: record for name, record in found.items() if "cases" in record}
    errors = {name: record for name, record in found.items() if "errors" in record}
    for name, record in records.items():
        if name.startswith("operator_vgg19"):
            device = name.rpartition("_")[2]
            growth(record).savefig(HERE / "results" / f"growth_{device}.png", dpi=120)
    readme = HERE / "README.md"
    blocks = [*map(table, records.values()), *map(error_table, errors.values())]
    text = "".join(f"\n{block}\n" for block in blocks)
    readme.write_text(BLOCK.sub(lambda _: text, readme.read_text()))


def table(record: Record) -> str:
    """A Markdown table of one benchmark."""
    allocator = " ".join(f"{k}={v}" for k, v in record["allocator"].items())
    load = f"load {record['load_at_end']:.1f} at the end"
    about = f"{record['device']}, torch {record['versions']['torch']}, {load}, {allocator}"
    about = about.rstrip(", ")
    rows = [row(case) for case in record["cases"]]
    return "\n".join([f"`{record['command']}` ({about}):", "", COLUMNS, RULE, *rows])


def row(case: Record) -> str:
    """One case; the baseline's cells are empty where it was not run."""
    ours, plain = case["ours"], case.get("plain")
    items = case.get("items", 1)
    floor = ours.get("floor")
    cells = [
        case["name"],
        f"{case['edges']:,}",
        _time(ours["seconds"] / items),
        _time(floor["seconds"] / items) if floor else "",
        _time(plain["seconds"] / items) if plain else "",
        f"{plain['seconds'] / ours['seconds']:.1f} x" if plain else "",
        f"{ours['peak_mb']:,.0f}",
        f"{plain['peak_mb']:,.0f}" if plain else "",
        # Of a few MiB, a ratio says nothing.
        f"{plain['peak_mb'] / ours['peak_mb']:.1f} x" if plain and plain["peak_mb"] > 10 else "",
    ]
    return f"| {' | '.join(cells)} |"


def error_table(record: Record) -> str:
    """A Markdown table of the errors of precisions."""
    precisions = list(next(iter(record["errors"].values())))
    rows = [
        f"| {name} | {' | '.join(f'{found[p]:.1e}' for p in precisions)} |"
        for name, found in record["errors"].items()
    ]
    head = f"| network | {' | '.join(precisions)} |"
    rule = "|---|" + "---:|" * len(precisions)
    about = f"{record['device']}, torch {record['versions']['torch']}"
    command = "python -m benchmarks.operator_precision"
    return "\n".join([f"`{command}` ({about}):", "", head, rule, *rows])


def growth(record: Record) -> Figure:
    """Time and memory over the number of edges, at the published width."""
    cases = [case for case in record["cases"] if case["options"]["d"] == 18]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    time, memory = figure.subplots(1, 2)
    _lines(time, cases, "seconds", "seconds per step")
    edges = [case["edges"] for case in cases]
    floors = [case["ours"]["floor"]["seconds"] for case in cases]
    time.plot(edges, floors, "k:", label="floor")
    _lines(memory, cases, "peak_mb", "MiB above start")
    time.legend()
    return figure


def _lines(axes: Axes, cases: list[Record], key: str, label: str) -> None:
    for side in ("plain", "ours"):
        with_side = [case for case in cases if side in case]
        edges = [case["edges"] for case in with_side]
        axes.plot(edges, [case[side][key] for case in with_side], "o-", label=side)
    axes.set(xlabel="edges", ylabel=label, yscale="log")
    axes.grid(alpha=0.3)


def _time(seconds: float) -> str:
    return f"{1e3 * seconds:,.1f} ms" if seconds >= 1e-3 else f"{1e6 * seconds:,.1f} us"


if __name__ == "__main__":
    main()
