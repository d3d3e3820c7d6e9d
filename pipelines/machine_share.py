"""Share the cores and GPUs of a machine among the jobs that a launcher runs there at once."""

import os
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

GPUS = "CUDA_VISIBLE_DEVICES"
# Kept until this process ends, however it ends.
_held: list[FileLock] = []


def threads_of_job() -> int | None:
    """The number of threads for a job, so that all jobs together use every core once.

    With joblib, an equal share of the cores; with submitit on this machine, where all jobs start
    at once, ``cpus_per_task``, else 1. ``None`` where a job has a machine, or a cluster's share of
    it, for itself.
    """
    launcher = _launcher_of_parallel_jobs()
    if launcher is None:
        return None
    if "n_jobs" not in launcher:
        return launcher.get("cpus_per_task") or 1
    return max(1, cores() // jobs_at_once(launcher.n_jobs))


def jobs_at_once(n_jobs: int) -> int:
    """How many jobs that is: -1 is one for each core, -2 one less."""
    return max(1, n_jobs if n_jobs > 0 else cores() + 1 + n_jobs)


def cores() -> int:
    """The cores that this process may use."""
    import joblib  # Here, because it imports NumPy.

    return joblib.cpu_count()


def take_gpu(trainer: DictConfig) -> None:
    """Let this process see one GPU only, which no other job has, where there are several.

    To be called before PyTorch is imported: what processes see is settled when CUDA is first used.
    Where there are more jobs than GPUs, each GPU gets about as many of them. Nothing is done for
    jobs that a cluster starts, nor for those that choose their devices.

    Args:
        trainer: the config of the run's trainers.
    """
    on_gpu = trainer.get("accelerator") in ("auto", "gpu", "cuda") and trainer.devices == 1
    if _held or not on_gpu or _launcher_of_parallel_jobs() is None:
        return
    given = os.environ.get(GPUS)
    seen = [str(i) for i in range(_number_of_gpus())] if given is None else given.split(",")
    if len(seen) > 1:
        os.environ[GPUS] = take_one(seen, _folder_of_locks())


def take_one(names: Sequence[str], folder: Path) -> str:
    """One of several things that this process holds until it ends, one that the fewest hold.

    Args:
        names: of the things.
        folder: of locks, on this machine, which those who share the things have in common.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    for holders in count():
        for name in names:
            lock = FileLock(folder / f"{name.replace('/', '_')}.{holders}.lock")
            try:
                lock.acquire(blocking=False)
            except Timeout:
                continue
            _held.append(lock)
            return name
    raise AssertionError  # There is always another lock.


def _launcher_of_parallel_jobs() -> Any:
    """The config of a launcher that runs jobs of this sweep on this machine at once."""
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return None
    launcher: Any = HydraConfig.get().launcher
    name = launcher.get("_target_", "").rpartition(".")[2]
    return launcher if name in ("JoblibLauncher", "LocalLauncher") else None


def _number_of_gpus() -> int:
    return len(list(Path("/dev").glob("nvidia[0-9]*")))


def _folder_of_locks() -> Path:
    return Path(tempfile.gettempdir()) / f"scalegmn-gpus-{os.getuid()}"
