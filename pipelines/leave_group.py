"""End a command's part in a group of processes."""

import sys


def leave_group() -> None:
    """Leave the group of processes: threads of one that outlives its process may abort it.

    Lightning does so with NCCL only. PyTorch is not imported for it, which takes long.
    """
    torch = sys.modules.get("torch")
    if torch is not None and torch.distributed.is_available():
        if torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
