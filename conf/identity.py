"""What makes two runs the same run."""

import hashlib
import json
from copy import deepcopy
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

# What two sessions of one run may differ in.
NO_IDENTITY = (
    *("paths.data_dir", "paths.run_dir", "logger", "inner.logger", "ckpt_path", "config_hash"),
    *(f"trainer.{k}" for k in ("accelerator", "devices", "num_nodes", "strategy", "plugins")),
)


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
