"""Jobs of a sweep on several devices."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig


def needs_own_process(cfg: DictConfig) -> bool:
    """Whether a run should be a command of its own, and not a part of this process.

    Lightning starts the processes of the other devices by repeating the command, which is that of
    the whole sweep, and when one of them fails, it kills them all. Where a cluster or ``torchrun``
    started a process per device, every one of them goes through the sweep.
    """
    if not HydraConfig.initialized() or HydraConfig.get().mode != RunMode.MULTIRUN:
        return False
    if "LOCAL_RANK" in os.environ or int(os.environ.get("SLURM_NTASKS", 1)) > 1:
        return False
    return cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1


def run_in_own_process(script: Path) -> None:
    """Run this job of a sweep, and nothing else, as a command.

    None of its processes outlives it.

    Raises:
        ChildProcessError: if it fails; what went wrong it has said itself.
    """
    job = HydraConfig.get()
    folder = f'hydra.run.dir="{job.runtime.output_dir}"'
    command = [sys.executable, str(script.resolve()), *job.overrides.task, folder]
    # A cluster that gave a sweep's job one process must not be taken to have started all of them.
    environment = {k: v for k, v in os.environ.items() if k != "SLURM_NTASKS"}
    with _ending_by_exception():
        process = subprocess.Popen(command, env=environment, process_group=0)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code:
        raise ChildProcessError(f"the processes of a job ended with exit code {code}, see above")


@contextmanager
def _ending_by_exception() -> Iterator[None]:
    """What ``kill``, ``timeout`` or a closed terminal send raises SystemExit.

    Otherwise nobody would be left to end the job's processes, which have a group of their own.
    Signals that are ignored, as under ``nohup``, or handled by a cluster's launcher stay so.
    """
    # Threads cannot handle signals.
    in_main = threading.current_thread() is threading.main_thread()
    candidates = (signal.SIGTERM, signal.SIGHUP) if in_main else ()
    ours = [number for number in candidates if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, frame: FrameType | None) -> None:
    # Some send it twice, to the process and to its group: the second one must not interrupt.
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)
