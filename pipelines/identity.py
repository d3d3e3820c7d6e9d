"""Identify runs by what decides their results."""

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from pipelines.job_folder import NO_IDENTITY

# Where a config names a zoo's folder, if its data are networks.
ZOOS = ("data", "data.base", "data.pruned", "data.pruned.base", "guard.zoo", "guard.zoo.base")
# Where a config names the file of a network.
NETWORKS = ("target.weights", "predictor.weights", "pruner.rewind.weights", "guard.reference")
# Where a config describes the content of a folder.
CONTENTS = ("data.digest",)
# Files that say what is in the folder of a zoo, or of INRs.
TABLES = ("metrics.csv.gz", "inrs.json")


def config_hash(cfg: DictConfig, networks: Mapping[str, str] | None = None) -> str:
    """The identity of a run: its resolved config without paths, devices, loggers and folders.

    The network to prune, or the predictor to train, counts with its tensors, wherever and in
    whatever format its file is; a zoo to learn from with its table, so that another one of the same
    name is another one.

    Args:
        cfg: of the run.
        networks: hashes of networks by the config key that names their file, where they are known.
    """
    bare = deepcopy(cfg)
    OmegaConf.set_struct(bare, False)
    bare.pop("seeds", None)  # A run has one.
    paths = tuple(f"paths.{key}" for key in OmegaConf.select(cfg, "paths", default={}))
    for key in {*NO_IDENTITY, *paths, "config_hash", "inner.logger"}:
        # What is computed from these becomes constant with them.
        OmegaConf.update(bare, key, "-", merge=False, force_add=True)
    for key in CONTENTS:
        # It is computed from paths.
        if (content := OmegaConf.select(cfg, key)) is not None:
            OmegaConf.update(bare, key, content)
    for key in NETWORKS:
        file = OmegaConf.select(bare, key)
        if file is not None and Path(file).is_file():
            OmegaConf.update(bare, key, (networks or {}).get(key) or _of_network(file))
    for key in ZOOS:
        where = OmegaConf.select(cfg, f"{key}.data_dir"), OmegaConf.select(cfg, f"{key}.folder")
        folder = None if None in where else Path(*where).expanduser()
        for table in [] if folder is None else [folder / name for name in TABLES]:
            if table.is_file():
                content = hashlib.sha256(table.read_bytes()).hexdigest()
                OmegaConf.update(bare, f"{key}.folder", f"{where[1]} {content}")
    resolved = json.dumps(OmegaConf.to_container(bare, resolve=True), sort_keys=True)
    return hashlib.sha256(resolved.encode()).hexdigest()[:16]


def _of_network(file: str) -> str:
    from pipelines.tensor_hash import file_hash  # Here, as PyTorch is slow to import.

    return file_hash(file)
