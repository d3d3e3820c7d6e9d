"""Run jobs of a sweep that use several devices as commands of their own."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pipelines import parent
from pipelines.run_id import SWEEP_JOB
from pipelines.signals import GRACE_SECONDS, current_ending


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
    return "trainer" in cfg and (cfg.trainer.devices != 1 or cfg.trainer.num_nodes != 1)


def run_in_own_process(script: Path) -> None:
    """Run this job of a sweep, and nothing else, as a command.

    None of its processes outlives this one, however that ends.

    Raises:
        ChildProcessError: if it fails, after it has named the reason.
    """
    job = HydraConfig.get()
    folder = f'hydra.run.dir="{job.runtime.output_dir}"'
    command = [sys.executable, str(script.resolve()), *job.overrides.task, folder]
    # A cluster that gave a sweep's job one process must not be taken to have started all of them.
    environment = {k: v for k, v in os.environ.items() if k != "SLURM_NTASKS"}
    environment |= {parent.VARIABLE: parent.own_mark(), SWEEP_JOB: "1"}
    process = subprocess.Popen(command, env=environment, process_group=0)
    try:
        code = process.wait()
    except KeyboardInterrupt:
        # From Ctrl-C, or from another signal, which is handed on.
        os.killpg(process.pid, current_ending().number or signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS - 1)
        raise
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if code:
        raise ChildProcessError(f"the processes of a job ended with exit code {code}, see above")
