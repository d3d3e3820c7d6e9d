"""Work that a resumed run need not repeat."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning import Trainer

from scalegmn.formats import atomic_path


def remembered(file: Path, work: Callable[[], dict[str, Any]], *, trainer: Trainer) -> dict:
    """What an earlier session left in a JSON file, or the outcome of the work, left there now.

    Args:
        file: where the outcome is kept; its folder is the work's own.
        work: gives plain values; is done on all ranks, or on none.
        trainer: tells the ranks apart.
    """
    known = json.loads(file.read_text()) if trainer.is_global_zero and file.exists() else None
    known = trainer.strategy.broadcast(known)
    if known is not None:
        return known
    outcome = work()
    if trainer.is_global_zero:
        with atomic_path(file) as temporary:
            temporary.write_text(json.dumps(outcome, indent=2) + "\n")
    trainer.strategy.barrier()
    return outcome
