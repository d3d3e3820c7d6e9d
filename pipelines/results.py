"""Put what the stages of a run found into its results."""

import platform
import resource
import sys
from typing import Any

import lightning
import torch

from pipelines.protocol import protocol
from pipelines.run import Run
from pipelines.run_record import read_record
from reporting import Results

FILE = "results.json"


def results_of(run: Run, **found: Any) -> Results:
    """The results of a run.

    Args:
        run: of which they are.
        found: what its stages found, see :class:`reporting.Results`.
    """
    record = read_record(run.folder)
    common: dict[str, Any] = {
        "experiment": run.cfg.name,
        "method": run.cfg.method,
        "target": run.cfg.target.name,
        "dataset": getattr(run.data, "name", None),
        "data_note": getattr(run.data, "data_note", None),
        "seed": run.cfg.seed,
        "protocol": protocol(run.cfg),
        "wall_seconds": round(record.seconds, 1) if record else None,
        "peak_memory_mb": round(_peak_memory_mb(run.processes.device), 1),
        "device": _name(run.processes.device),
        "config_hash": run.cfg.config_hash,
        "versions": versions(),
        "debug": sees_some_batches_only(run) or None,
    }
    return Results(**common | found)


def versions() -> dict[str, str]:
    """The packages on which numbers depend."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "lightning": lightning.__version__,
    }


def sees_some_batches_only(run: Run) -> bool:
    """Whether the numbers of a run mean nothing, because it does not see all of the data."""
    limits = [run.cfg.trainer[f"limit_{split}_batches"] for split in ("train", "val", "test")]
    # A whole 1 is one batch, 1.0 is all of them.
    return any(isinstance(limit, int) or limit < 1 for limit in limits if limit is not None)


def _name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else device


def _peak_memory_mb(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    # In kilobytes, except on macOS.
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
