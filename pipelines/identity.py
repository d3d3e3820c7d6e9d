"""What makes two runs the same run."""

import hashlib
import json
import re
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from scalegmn.zoo.folder import METRICS

# What two sessions of one run may differ in.
NO_IDENTITY = (
    *("paths.data_dir", "paths.run_dir", "logger", "inner.logger", "ckpt_path", "config_hash"),
    *("num_threads", "compile"),
    *(f"trainer.{k}" for k in ("accelerator", "devices", "num_nodes", "strategy", "plugins")),
)
# Where a config names a zoo's folder, if its data are networks.
ZOOS = ("data", "data.base", "data.pruned", "data.pruned.base")


def config_hash(cfg: DictConfig) -> str:
    """The identity of a run: its resolved config without paths, devices, loggers and folders.

    The network to prune, or the predictor to train, counts with its content, wherever its file is;
    a zoo to learn from with its table, so that another one of the same name is another one.
    """
    bare = deepcopy(cfg)
    for key in NO_IDENTITY:
        # What is computed from these becomes constant with them.
        OmegaConf.update(bare, key, "-", merge=False, force_add=True)
    for key in ("target.weights", "predictor.weights"):
        weights = OmegaConf.select(bare, key)
        if weights is not None and Path(weights).is_file():
            OmegaConf.update(bare, key, _content(Path(weights)))
    for key in ZOOS:
        where = OmegaConf.select(cfg, f"{key}.data_dir"), OmegaConf.select(cfg, f"{key}.folder")
        if None not in where and (table := Path(*where).expanduser() / METRICS).is_file():
            OmegaConf.update(bare, f"{key}.folder", f"{where[1]} {_content(table)}")
    resolved = json.dumps(OmegaConf.to_container(bare, resolve=True), sort_keys=True)
    return hashlib.sha256(resolved.encode()).hexdigest()[:16]


def _content(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def job_folder(overrides: Iterable[str]) -> str:
    """The folder of a job of a sweep: the same for the same overrides, in any order.

    It starts with what can be read of them, without characters that mean something in overrides.
    """
    said = sorted(o for o in overrides if o.partition("=")[0] not in NO_IDENTITY)
    pairs = [(key.rpartition(".")[2], value) for key, _, value in (o.partition("=") for o in said)]
    short = [f"{k}_{v}" for k, v in pairs if k != "experiment" and "/" not in v]
    readable = re.sub(r"[^\w.-]+", "_", "-".join(short))[:80]
    return f"{readable}-{hashlib.sha256(json.dumps(said).encode()).hexdigest()[:8]}".lstrip("-")
