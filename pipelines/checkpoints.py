"""The checkpoint that a run starts from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

NEEDED = ("state_dict", "optimizer_states", "lr_schedulers", "loops", "epoch", "global_step")


def checkpoint_to_continue(folder: Path, ckpt_path: str | None, model: nn.Module) -> Path | None:
    """The run's own last checkpoint, else the one that was asked for.

    It is read here, before the run writes anything.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or not the checkpoint of a run with this model.
    """
    own = _own(folder / "checkpoints")
    if own is not None:
        _check(own, f"{own}", model, "delete it to start the run anew")
        return own
    if ckpt_path is None:
        return None
    if not Path(ckpt_path).is_file():
        raise FileNotFoundError(f"ckpt_path={ckpt_path}: no such file")
    _check(Path(ckpt_path), f"ckpt_path={ckpt_path}", model, "give a last.ckpt or best.ckpt")
    return Path(ckpt_path)


def _own(folder: Path) -> Path | None:
    """The last epoch's, from which nothing is repeated and nothing left out.

    What Lightning saves in the middle of an epoch, when a cluster takes the machine back, is only
    of use in the first one.
    """
    preempted = sorted(folder.glob("hpc_ckpt_*.ckpt"), key=lambda path: path.stat().st_mtime)
    candidates = [folder / "last.ckpt", *reversed(preempted)]
    return next((path for path in candidates if path.exists()), None)


def read_checkpoint(path: Path, *, remedy: str, name: str | None = None) -> Mapping[str, Any]:
    """Read a checkpoint that a fit of this project left; plain values only.

    Args:
        path: the file.
        remedy: what to do if it cannot be read, for the message.
        name: for the message, if it is not the path.

    Raises:
        ValueError: if it is damaged, or no checkpoint of a fit.
        OSError: if it may not be read.
    """
    name = name or str(path)
    path.open("rb").close()
    try:
        content = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:
        raise ValueError(f"{name}: truncated, or no checkpoint of a run; {remedy}") from error
    if missing := [k for k in NEEDED if not isinstance(content, Mapping) or k not in content]:
        raise ValueError(f"{name}: no checkpoint of a run, lacks {missing[0]}; {remedy}")
    return content


def _check(path: Path, name: str, model: nn.Module, remedy: str) -> None:
    content = read_checkpoint(path, remedy=remedy, name=name)
    found, expected = _shapes(content["state_dict"]), _shapes(model.state_dict())
    for key in sorted(found.keys() | expected.keys()):
        if found.get(key) != expected.get(key):
            shapes = f"{_shown(found.get(key))}, expected {_shown(expected.get(key))}"
            raise ValueError(f"{name}: a run of another model: {key} is {shapes}; {remedy}")


def _shapes(state: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(getattr(value, "shape", ())) for name, value in state.items()}


def _shown(shape: tuple[int, ...] | None) -> str:
    return "not there" if shape is None else f"of shape {shape}"
