"""Identify a dense network by what it comes from."""

import hashlib
import json

from omegaconf import DictConfig, OmegaConf

# Where the images lie, and who downloads them, changes nothing.
PLACES = ("data_dir", "cache_dir", "download")


def recipe_hash(cfg: DictConfig) -> str:
    """12 hexadecimal digits of recipe, data, split and seed.

    Args:
        cfg: of any run that needs a dense network: its ``target.net``, ``target.code``, ``data``,
            ``dense`` and ``seed``, and what its trainers do to every fit.
    """
    data = OmegaConf.to_container(recipe_data(cfg), resolve=True)
    dense = OmegaConf.to_container(cfg.dense, resolve=True)
    assert isinstance(data, dict) and isinstance(dense, dict)
    trainer = ("precision", "limit_train_batches", "limit_val_batches")
    recipe = {
        "net": OmegaConf.to_container(cfg.target.net, resolve=True),
        "data": {key: value for key, value in data.items() if key not in PLACES},
        "dense": {key: value for key, value in dense.items() if key != "data"},
        "seed": cfg.seed,
        "trainer": {key: cfg.trainer.get(key) for key in trainer},
    }
    if (code := cfg.target.get("code")) is not None:
        recipe["code"] = code
    text = json.dumps(recipe, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def recipe_data(cfg: DictConfig) -> DictConfig:
    """The config of the data with what the recipe changes, of keys that the data have."""
    changes = {key: cfg.dense.data[key] for key in cfg.dense.data if key in cfg.data}
    data = OmegaConf.merge(cfg.data, changes)
    assert isinstance(data, DictConfig)
    return data
