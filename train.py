"""Train, prune, fine-tune: ``python train.py experiment=NAME [key=value ...]``."""

import hashlib
import json
import os
import sys
import warnings
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, get_type_hints

import hydra
import lightning as L
from beartype.door import is_bearable
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.utils import get_object, instantiate
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from callbacks.results_writer import NAME as RESULTS
from callbacks.run_record import read_record
from callbacks.summary_table import summary_table
from datamodules.images import ImageDataModule
from scalegmn.results import Results

# Mistakes of the user, which deserve one line; anything else is a bug and shows its traceback.
USER_ERRORS = (
    ValueError,
    FileNotFoundError,
    HydraException,
    OmegaConfBaseException,
    MisconfigurationException,
)
# Lightning's warnings about what is meant to be so: runs continue, batches are made on the device.
NOISE = ("Checkpoint directory .* exists", ".*does not have many workers", ".*LeafSpec")
# What two sessions of one run may differ in.
NO_IDENTITY = (
    *("paths.data_dir", "paths.run_dir", "logger", "inner.logger", "ckpt_path", "config_hash"),
    *(f"trainer.{k}" for k in ("accelerator", "devices", "num_nodes", "strategy", "plugins")),
)


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(cfg: DictConfig) -> None:
    """Called by Hydra with the composed config."""
    folder = Path(cfg.paths.run_dir)
    try:
        train(cfg)
    finally:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def train(cfg: DictConfig) -> dict[str, float]:
    """Run an experiment in ``cfg.paths.run_dir``, or continue it, or show what it found out.

    Returns:
        What the run measured, by name.

    Raises:
        ValueError: if the config or a file is wrong, or the folder holds another run.
        FileNotFoundError: if data or weights are not there.
    """
    data = prepared_data(cfg)
    cfg = filled_in(cfg, data)
    folder = Path(cfg.paths.run_dir)
    if not is_finished(folder, cfg.config_hash):
        for message in NOISE:
            warnings.filterwarnings("ignore", message)
        L.seed_everything(cfg.seed, workers=True, verbose=False)
        model = instantiate(cfg.model, _convert_="all")
        callbacks = list(instantiate(cfg.callbacks, _convert_="all").values())
        loggers = list(instantiate(cfg.logger, _convert_="all").values())
        trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, _convert_="all")
        checkpoint = checkpoint_to_continue(folder, cfg.ckpt_path)
        save_config(cfg, folder)
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)
    results = Results.read(folder / RESULTS)
    show(results)
    return numbers_of(results)


def prepared_data(cfg: DictConfig) -> ImageDataModule:
    """The data module, its data read: what is missing is missed before anything is written."""
    check_types(cfg.data, "data")
    data = instantiate(cfg.data, _convert_="all")
    data.prepare_data()
    data.setup()
    return data


def filled_in(cfg: DictConfig, data: ImageDataModule) -> DictConfig:
    """The config with what the data set knows and with the identity of the run."""
    cfg = deepcopy(cfg)
    cfg.images = {
        "name": data.name,
        "channels": data.in_channels,
        "size": data.image_size,
        "classes": data.num_classes,
    }
    cfg.config_hash = config_hash(cfg)
    check_types(cfg, "")
    return cfg


def config_hash(cfg: DictConfig) -> str:
    """The identity of a run: its resolved config without paths, devices, loggers and folders.

    The network to prune counts with its content, wherever its file is.
    """
    bare = deepcopy(cfg)
    for key in NO_IDENTITY:
        # What is computed from these becomes constant with them.
        OmegaConf.update(bare, key, "-", merge=False, force_add=True)
    weights = OmegaConf.select(bare, "target.weights")
    if weights is not None and Path(weights).is_file():
        bare.target.weights = hashlib.sha256(Path(weights).read_bytes()).hexdigest()
    resolved = json.dumps(OmegaConf.to_container(bare, resolve=True), sort_keys=True)
    return hashlib.sha256(resolved.encode()).hexdigest()[:16]


def check_types(node: DictConfig | ListConfig, path: str) -> None:
    """Compare the values of a config with the signatures of what it configures.

    Raises:
        ValueError: naming the first key whose value has another type.
    """
    hints = _hints(node.get("_target_")) if isinstance(node, DictConfig) else {}
    keys: list[Any] = list(node) if isinstance(node, DictConfig) else list(range(len(node)))
    for key in keys:
        if OmegaConf.is_missing(node, key):
            raise ValueError(f"{path}.{key} is not set".removeprefix("."))
        value = node[key]
        if isinstance(value, DictConfig | ListConfig):
            check_types(value, f"{path}.{key}".removeprefix("."))
        if key in hints and not _fits(value, hints[key]):
            raise ValueError(f"{_owner(node, key, path)}={value!r}: expected {_short(hints[key])}")


def _hints(target: str | None) -> dict[str, Any]:
    if target is None:
        return {}
    configured: Any = get_object(target)
    try:
        init = configured.__init__ if isinstance(configured, type) else configured  # type: ignore[misc]
        return get_type_hints(init)
    except NameError:  # Annotated with names that only a type checker imports.
        return {}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a plain value, or a list of plain values, is of a type; objects are not judged."""
    if isinstance(value, ListConfig):
        value = list(value)
    if isinstance(value, DictConfig) or _holds_configs(value):
        return True
    candidates = [value, _as_float(value)]
    candidates += [tuple(c) for c in candidates if isinstance(c, list)]
    return any(is_bearable(candidate, hint) for candidate in candidates)


def _holds_configs(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(v, DictConfig | ListConfig) for v in value)


def _as_float(value: Any) -> Any:
    """Whole numbers are given where fractions are meant."""
    if isinstance(value, list):
        return [_as_float(v) for v in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _owner(node: DictConfig | ListConfig, key: Any, path: str) -> str:
    """The key that a user gave: of a value that is read from elsewhere, the key there."""
    raw = OmegaConf.to_container(node, resolve=False)[key]  # type: ignore[index, call-overload]
    if isinstance(raw, str) and raw.startswith("${") and ":" not in raw:
        return raw.strip("${}")
    return f"{path}.{key}".removeprefix(".")


def _short(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")


def is_finished(folder: Path, identity: str) -> bool:
    """Whether the folder holds the results of this run.

    Raises:
        ValueError: if it holds another run.
    """
    record = read_record(folder)
    if record is not None and record.config_hash != identity:
        raise ValueError(
            f"{folder} holds a run of another config: give this one another hydra.run.dir, "
            "or repeat that run's command to continue it"
        )
    return record is not None and (folder / RESULTS).exists()


def checkpoint_to_continue(folder: Path, ckpt_path: str | None) -> Path | None:
    """The run's own last checkpoint, else the one that was asked for."""
    own = folder / "checkpoints" / "last.ckpt"
    if own.exists() or ckpt_path is None:
        return own if own.exists() else None
    if not Path(ckpt_path).is_file():
        raise FileNotFoundError(f"ckpt_path={ckpt_path}: no such file")
    return Path(ckpt_path)


@rank_zero_only
def save_config(cfg: DictConfig, folder: Path) -> None:
    """Write ``.hydra/``, as Hydra does, but only into a folder that is the run's."""
    target = folder / ".hydra"
    target.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(cfg, target / "config.yaml")
    if HydraConfig.initialized():
        OmegaConf.save(HydraConfig.get(), target / "hydra.yaml")
        OmegaConf.save(HydraConfig.get().overrides.task, target / "overrides.yaml")


@rank_zero_only
def show(results: Results) -> None:
    """Print the results as a table."""
    console = Console()
    console.print(summary_table(results), width=None if console.is_terminal else 110)


def numbers_of(results: Results) -> dict[str, float]:
    """What was measured, by name, as ``magnitude_90/test_acc``."""
    numbers = dict(results.metrics)
    if results.dense is not None:
        numbers["dense/test_acc"] = results.dense.test_acc
    for row in results.pruned:
        numbers[f"{row.method or results.method}_{100 * row.sparsity:g}/test_acc"] = row.test_acc
    return numbers


def run(command: Callable[[], None]) -> None:
    """Run a command of Hydra's: a mistake of the user is one line and an exit code.

    ``HYDRA_FULL_ERROR=1`` shows tracebacks.
    """
    show_all = os.environ.get("HYDRA_FULL_ERROR", "0") not in ("", "0")
    # Otherwise Hydra prints its own errors, on several lines.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        command()
    except USER_ERRORS as error:
        if show_all:
            raise
        sys.exit(f"error: {one_line(error)}")
    except BaseException as error:
        # Lightning turns an interrupt into SystemExit(1).
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt):
            sys.exit(130)
        raise


def one_line(error: BaseException) -> str:
    """What went wrong; of an error while building an object, the reason."""
    cause = error.__cause__
    if isinstance(error, HydraException) and isinstance(cause, USER_ERRORS):
        return one_line(cause)
    lines = str(error).split("\n")
    return " ".join(" ".join(x for x in lines if "object_type=" not in x).split())


if __name__ == "__main__":
    run(main)
