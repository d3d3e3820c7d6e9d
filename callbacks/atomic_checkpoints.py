"""Checkpoints that are whole or not there."""

import os
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from scalegmn.formats import atomic_path


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its final place and renames it.

    Lightning's own writer goes through the system's temporary folder; where that is another file
    system, a run killed while the file is copied back leaves a truncated checkpoint::

        trainer:
          plugins:
            - _target_: callbacks.atomic_checkpoints.AtomicCheckpoints
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | os.PathLike[str],
        storage_options: Any | None = None,
    ) -> None:
        with atomic_path(path) as temporary:
            torch.save(checkpoint, temporary)
