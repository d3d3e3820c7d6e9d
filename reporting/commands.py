"""List of runs with the commands that repeat them."""

import shlex
from collections.abc import Sequence

import yaml

from reporting.collect import Run
from reporting.grid import Cell, Grid, to_markdown
from reporting.identity import dense_id

# Where and how a run was done is no part of what it did.
ELSEWHERE = ("hydra.", "hydra/", "paths.", "num_threads=", "logger=")


def runs_to_markdown(runs: Sequence[Run]) -> str:
    """A line for each run in the order of names: what it was, and its command if it is known.

    Returns:
        The empty string if no run's command is known.
    """
    counted = sorted((run for run in runs if not run.results.debug), key=lambda run: run.name)
    commands = [command_of(run) for run in counted]
    if not any(commands):
        return ""
    lines = [_line(run, command) for run, command in zip(counted, commands, strict=True)]
    intro = (
        "Every run with its command, without where it was done. A run that prunes the network of "
        "another has the same dense network."
    )
    columns = ("run", "what", "sparsities", "dense network", "seed", "minutes", "command")
    grid = Grid(columns, tuple(tuple(map(Cell, line)) for line in lines))
    return f"# Runs\n\n{intro}\n\n{to_markdown(grid)}\n"


def command_of(run: Run) -> str:
    """The command that repeats a run; empty where its folder has no ``.hydra/overrides.yaml``."""
    if run.folder is None:
        return ""
    try:
        text = (run.folder / ".hydra" / "overrides.yaml").read_text(encoding="utf-8")
        overrides = yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError):
        return ""
    if not isinstance(overrides, list):
        return ""
    kept = [str(o) for o in overrides if not str(o).lstrip("+~").startswith(ELSEWHERE)]
    return " ".join(["python train.py", *map(shlex.quote, kept)])


def _line(run: Run, command: str) -> tuple[str, ...]:
    results = run.results
    sparsities = sorted({row.sparsity for row in results.pruned})
    seconds = results.wall_seconds
    return (
        run.name,
        results.method or results.predictor or results.experiment,
        ", ".join(f"{100 * sparsity:.4g} %" for sparsity in sparsities),
        dense_id(results.dense) if results.dense and results.dense.hash else "",
        str(results.seed),
        "" if seconds is None else f"{seconds / 60:.1f}",
        f"`{command}`" if command else "",
    )
