"""The protocol of a run: all settings that a fair comparison shares."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from omegaconf import DictConfig, OmegaConf

Value = str | int | float | bool | list | None

# Parts of the config that say how something is made or measured.
PARTS = ("target.net", "data", "trainer.precision", "matmul_precision")
# Keys of builders of data sets, which lie outside of the folders of runs.
BUILDERS = ("zoo", "inrs")
PRUNING = ("fold_batch_norm", "selection", "sparsity_kind", "prune_biases", "pruner", "finetune")
# Of a method that trains something.
TRAINING = (
    *("model", "architecture", "optimizer", "scheduler", "guard"),
    *("callbacks.threshold", "callbacks.rebalancing"),
    *("trainer.max_epochs", "trainer.gradient_clip_val"),
)
# Seeds and places make no comparison unfair; how fast something runs does not, either.
OMITTED = {
    "seed",
    "data_dir",
    "cache_dir",
    "download",
    "compile",
    "fused",
    "at_once",
    "name",
    "_partial_",
}
# What not all methods read; of those that do not, it says nothing.
SHARED = ("selection.allocate", "selection.gauge", "selection.min_per_layer", "sparsity_kind")
# The rate of fine-tuning is finetune.lr.
UNUSED = {"finetune.optimizer.lr"}


def protocol(cfg: DictConfig) -> dict[str, Value]:
    """The settings of a run by dotted key, resolved, without seeds, paths and devices.

    What a part of the config reads from another part is given once, where it is owned.

    Args:
        cfg: of the run.
    """
    written = OmegaConf.to_container(cfg, resolve=False)
    settings: dict[str, Value] = {}
    for part in _parts(cfg):
        node = _select(written, part)
        settings.update({key: OmegaConf.select(cfg, key) for key in _owned(part, node)})
    unread = [key for key in SHARED if f"${{{key}}}" not in str(_select(written, "pruner"))]
    settings = {
        key: value
        for key, value in settings.items()
        if not any(f"{key}.".startswith(f"{part}.") for part in unread)
    }
    plain = {key: _plain(value) for key, value in settings.items()}
    kept = {k: value for k, value in plain.items() if value is not None and k not in UNUSED}
    return dict(sorted(kept.items()))


def protocol_of_compared(cfg: DictConfig, name: str) -> dict[str, Value]:
    """The settings of a method that a run compares its own with.

    Args:
        cfg: of the run.
        name: of the method in ``compare``.
    """
    own = deepcopy(cfg)
    node = OmegaConf.to_container(cfg.compare[name], resolve=False)
    OmegaConf.update(own, "pruner", node, merge=False)
    own.method = name
    return protocol(own)


def reads_model(cfg: DictConfig, *, compared: bool = False) -> bool:
    """Whether a run's method makes the metanetwork of ``model``, which a pruner may leave unread.

    Args:
        cfg: of the run.
        compared: count the methods that it is compared with, too.
    """
    if OmegaConf.select(cfg, "model") is None:
        return False
    parts = ["pruner", "compare"] if compared else ["pruner"]
    methods = OmegaConf.to_yaml(OmegaConf.masked_copy(cfg, parts))
    return cfg.get("pruner") is None or "${model}" in methods


def _parts(cfg: DictConfig) -> tuple[str, ...]:
    if built := [key for key in BUILDERS if OmegaConf.select(cfg, f"{key}._target_")]:
        return (*PARTS, *built)
    if cfg.method is None or cfg.method == "dense" and not cfg.pipeline.get("method"):
        return (*PARTS, *TRAINING)
    if reads_model(cfg):
        # A method that only reads a metanetwork has its architecture from a file.
        unread = set() if "${architecture}" in str(cfg.model) else {"architecture"}
        return (*PARTS, *PRUNING, *(part for part in TRAINING if part not in unread))
    pruner = OmegaConf.to_yaml(cfg.pruner)
    return (*PARTS, *PRUNING, *(part for part in TRAINING if f"${{{part}}}" in pruner))


def _select(node: Any, path: str) -> Any:
    for key in path.split("."):
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _owned(path: str, node: Any) -> Iterator[str]:
    """The keys of values that are written here and not read from elsewhere, and of ``PARTS``."""
    if isinstance(node, dict):
        for key, child in node.items():
            if key not in OMITTED:
                yield from _owned(f"{path}.{key}", child)
    elif node is not None and (path in PARTS or "${" not in str(node)):
        yield path


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
