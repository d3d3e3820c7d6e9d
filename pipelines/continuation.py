"""The command that continues a run."""

import re
import shlex
import sys
from pathlib import Path

from pipelines.ranks import launched_from_outside

RUN_FOLDER = re.compile(r"\+{0,2}hydra\.run\.dir=")
# Hydra reads values of these characters without quotes.
PLAIN = re.compile(r"[\w./:@%+~-]+", re.ASCII)


def command_that_continues(folder: Path) -> str:
    """This command with the folder of its run, as one would type it."""
    arguments = [a for a in sys.argv[1:] if not RUN_FOLDER.match(a)]
    given = str(folder)
    if not PLAIN.fullmatch(given):
        # Of backslashes, only those before a quote count.
        doubled = re.sub(r"(\\+)(?='|$)", r"\1\1", given)
        given = "'" + doubled.replace("'", r"\'") + "'"
    arguments.append(f"hydra.run.dir={given}")
    if launched_from_outside():
        return f"the same command with {shlex.quote(arguments[-1])}"
    return _typed(arguments)


def sweep_that_continues() -> str | None:
    """This command, if it is a sweep: its jobs find their folders again."""
    multirun = {"-m", "--multirun", "hydra.mode=MULTIRUN"}
    return _typed(sys.argv[1:]) if multirun & set(sys.argv[1:]) else None


def shown(folder: Path) -> Path:
    """The folder as seen from where the command was given, if it is below."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _typed(arguments: list[str]) -> str:
    return f"python {shlex.join([sys.argv[0], *arguments])}"
