"""Rank of this process among the processes of one run, before Lightning knows it."""

import os

RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")


def is_first_rank() -> bool:
    """Whether this process is the one that speaks and writes for its run."""
    return all(os.environ.get(name, "0") == "0" for name in RANKS)


def launched_from_outside() -> bool:
    """Whether ``torchrun`` or ``srun`` started a process per device, instead of Lightning."""
    several = int(os.environ.get("SLURM_STEP_NUM_TASKS", os.environ.get("SLURM_NTASKS", 1))) > 1
    return "TORCHELASTIC_RUN_ID" in os.environ or ("SLURM_STEP_ID" in os.environ and several)
