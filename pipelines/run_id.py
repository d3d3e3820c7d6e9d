"""Unique names of run folders: one per command, shared by all of its processes."""

import os
from datetime import datetime
from pathlib import Path
from secrets import token_hex

from pipelines.ranks import launched_from_outside

# Set by a command for the processes that it starts.
VARIABLE = "SCALEGMN_RUN_ID"
# Set for the command that runs one job of a sweep.
SWEEP_JOB = "SCALEGMN_SWEEP_JOB"


def run_id() -> str:
    """The name of this command's run folder.

    Raises:
        ValueError: if ``torchrun`` on several machines leaves open which run this is.
    """
    return os.environ.get(VARIABLE) or new_run_id()


def new_run_id() -> str:
    """A time stamp that two commands of one second do not share.

    Processes that ``srun`` or ``torchrun`` started derive the same name from what those set.

    Raises:
        ValueError: if ``torchrun`` on several machines leaves open which run this is.
    """
    if launched_from_outside():
        return _of_launcher()
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{token_hex(3)}"


def _of_launcher() -> str:
    if "SLURM_STEP_ID" in os.environ and "TORCHELASTIC_RUN_ID" not in os.environ:
        return f"slurm-{os.environ.get('SLURM_JOB_ID', 'none')}-{os.environ['SLURM_STEP_ID']}"
    given = os.environ["TORCHELASTIC_RUN_ID"]
    if given != "none":
        return f"torchrun-{given}"
    started = Path(f"/proc/{os.getppid()}/stat")
    if int(os.environ.get("GROUP_WORLD_SIZE", 1)) > 1 or not started.exists():
        raise ValueError(
            "torchrun does not tell its processes which run they share: give hydra.run.dir=FOLDER, "
            "or torchrun --rdzv-id=NAME"
        )
    # Field 22 is when torchrun itself was started, which makes its process number unique.
    ticks = started.read_text().rpartition(")")[2].split()[19]
    return f"torchrun-{os.getppid()}-{ticks}"
