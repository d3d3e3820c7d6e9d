"""Folders of a sweep's jobs, named after their overrides."""

import hashlib
import json
import re
from collections.abc import Iterable

# What two sessions of one job may differ in.
NO_IDENTITY = (
    *("paths.data_dir", "paths.dense_dir", "paths.run_dir", "logger", "ckpt_path"),
    *("num_threads", "compile"),
    *(f"trainer.{k}" for k in ("accelerator", "devices", "num_nodes", "strategy", "plugins")),
)

# Overrides that choose a sweep of conf/sweep.
SWEEP = "+sweep"


def job_folder(overrides: Iterable[str]) -> str:
    """The folder of a job of a sweep: the same for the same overrides, in any order.

    It starts with what can be read of them, without characters that mean something in overrides. In
    a sweep of ``conf/sweep``, whose jobs are several experiments in one folder, that is the
    experiment first.
    """
    given = sorted(o for o in overrides if o.partition("=")[0] not in NO_IDENTITY)
    pairs = [(key.rpartition(".")[2], value) for key, _, value in (o.partition("=") for o in given)]
    short = [f"{k}_{v}" for k, v in pairs if k not in ("experiment", SWEEP) and "/" not in v]
    if SWEEP in dict(pairs):
        short[:0] = [v.rpartition("/")[2] for k, v in pairs if k == "experiment"]
    readable = re.sub(r"[^\w.-]+", "_", "-".join(short))[:80]
    return f"{readable}-{hashlib.sha256(json.dumps(given).encode()).hexdigest()[:8]}".lstrip("-")
