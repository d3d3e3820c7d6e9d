"""Checkpoints that are whole or not there, and may be moved."""

import os
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from scalegmn.formats import atomic_path


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its final place and renames it.

    Lightning's own writer goes through the system's temporary folder; where that is another file
    system, a run killed while the file is copied back leaves a truncated checkpoint. What a
    checkpoint says about those beside it is read as of the folder that they are in today: Lightning
    forgets the best score of a run that was moved, and replaces its best checkpoint by a worse one.
    ::

        trainer:
          plugins:
            - _target_: pipelines.atomic_checkpoints.AtomicCheckpoints
    """

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: str | os.PathLike[str],
        storage_options: Any | None = None,
    ) -> None:
        # Through a file of Python's, which says why it cannot be written; PyTorch's does not.
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            torch.save(checkpoint, file)

    def load_checkpoint(
        self, path: str | os.PathLike[str], *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        try:
            checkpoint = super().load_checkpoint(Path(path), *args, **kwargs)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            raise ValueError(
                f"{path}: truncated, or no checkpoint; delete it to repeat what it holds"
            ) from error
        # As ModelCheckpoint spells it.
        folder = Path(os.path.realpath(Path(path).parent))
        states = checkpoint.get("callbacks", {})
        checkpoint["callbacks"] = {key: _moved(state, folder) for key, state in states.items()}
        return checkpoint


def _moved(state: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The state of a ModelCheckpoint with its files in a folder, if they are there."""
    if "best_k_models" not in state:
        return state

    def moved(path: str) -> str:
        return str(folder / Path(path).name) if path else path

    kept = {moved(path): score for path, score in state["best_k_models"].items()}
    if not all(Path(path).is_file() for path in kept):
        return state
    single = ("best_model_path", "kth_best_model_path", "last_model_path")
    paths = {key: moved(state[key]) for key in single}
    return {**state, **paths, "best_k_models": kept, "dirpath": str(folder)}
