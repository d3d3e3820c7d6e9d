"""Environment variables for the time of a command, and for its processes."""

import os
from pathlib import Path

from pipelines import parent, run_id
from pipelines.errors import ASKED

ROOT = Path(__file__).parents[1]


def environment() -> dict[str, str]:
    """The variables that a command sets, by name."""
    known = parent.has_parent_command() and run_id.VARIABLE in os.environ
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        # Otherwise Hydra prints its own errors, on several lines.
        "HYDRA_FULL_ERROR": "1",
        "SCALEGMN_FULL_ERROR": ASKED,
        run_id.VARIABLE: os.environ[run_id.VARIABLE] if known else run_id.new_run_id(),
        parent.VARIABLE: parent.own_mark(),
        # Jobs of a cluster are no scripts of this folder, and may start in another one.
        "PYTHONPATH": os.pathsep.join(paths),
    }
