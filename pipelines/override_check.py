"""Check the keys that a command line adds to a config or removes from it."""

import logging
from collections.abc import Iterable
from difflib import get_close_matches

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from pipelines.protocol import reads_model

log = logging.getLogger(__name__)

# Groups that set keys of others, and have none of their own.
WITHOUT_KEYS = ("debug", "experiment", "hparams", "sweep")
# Mappings whose keys are free.
FREE = ("compile", "metadata", "target.arguments")
# What only methods read that train something.
TRAINING = ("optimizer", "scheduler", "trainer.max_epochs", "trainer.gradient_clip_val")
# Of methods that choose weights by a score.
SELECTION = ("selection.gauge", "selection.min_per_layer", "selection/allocate")
# Which have training of their own.
STAGES = ("finetune", "dense")


def check_overrides(cfg: DictConfig) -> None:
    """Look at what ``+key=value`` added and ``~key`` removed; nothing in configs of scripts.

    Raises:
        ValueError: naming the first key that nothing reads, with the nearest that is there, or the
            first that every run needs.
    """
    if not HydraConfig.initialized():
        return
    for override in HydraConfig.get().overrides.task:
        key = _key(override)
        if override.startswith("~"):
            _check_removed(key)
        elif override.startswith("+"):
            _check_added(cfg, key)


def warn_of_unread(cfg: DictConfig) -> None:
    """Name keys of training and of the selection that no method of the run reads.

    No error, as sweeps may give a key to several methods.
    """
    for key in map(_key, HydraConfig.get().overrides.task if HydraConfig.initialized() else []):
        if key in SELECTION and not _is_read(cfg, key.replace("/", ".")):
            log.warning("%s: %s does not read it", key, cfg.method)
        part = next((p for p in TRAINING if f"{key}.".startswith(f"{p}.")), None)
        if part is not None and _trains_nothing(cfg, part):
            own = " and ".join(f"{stage}.{part.rpartition('.')[2]}" for stage in STAGES)
            log.warning("%s: %s trains nothing by it; %s are others", key, cfg.method, own)


def nearest(key: str, known: Iterable[str]) -> str:
    """A question about the known key that was perhaps meant; empty if there is none."""
    found = get_close_matches(key, list(known), n=1)
    return f"; did you mean {found[0]}?" if found else ""


def _check_removed(key: str) -> None:
    if "." not in key and key.split("/")[0] not in WITHOUT_KEYS:
        raise ValueError(f"~{key} removes what every run needs: choose another {key}= instead")


def _check_added(cfg: DictConfig, key: str) -> None:
    if key in _groups() or any(f"{key}.".startswith(f"{free}.") for free in FREE):
        return
    parent, _, last = key.rpartition(".")
    node = OmegaConf.select(cfg, parent) if parent else cfg
    if not isinstance(node, DictConfig) or _belongs_to_object(cfg, parent):
        return  # The constructor's signature says what it may be.
    value = node.get(last)
    if isinstance(value, DictConfig) and "_target_" in value:
        return  # An object beside others, such as one more callback.
    before = _without_additions()
    known = OmegaConf.select(before, parent) if parent else before
    if isinstance(known, DictConfig) and last in known:
        return
    names = [str(name) for name in known] if isinstance(known, DictConfig) else []
    there = [f"{parent}.{name}" for name in names] if parent else [*names, *_groups()]
    question = nearest(key, there)
    raise ValueError(f"+{key}: nothing reads this key{question}")


def _trains_nothing(cfg: DictConfig, part: str) -> bool:
    """Whether the run prunes networks by methods that do not read a part of the config."""
    return not reads_model(cfg, compared=True) and not _is_read(cfg, part)


def _is_read(cfg: DictConfig, part: str) -> bool:
    """Whether a method reads a part of the config; true where there is none."""
    if OmegaConf.select(cfg, "pipeline.method") is None:
        return True
    return f"${{{part}}}" in OmegaConf.to_yaml(OmegaConf.masked_copy(cfg, ["pruner", "compare"]))


def _groups() -> list[str]:
    return [group for group in HydraConfig.get().runtime.choices if not group.startswith("hydra")]


def _without_additions() -> DictConfig:
    """The config of the command line without what it adds, except for groups."""
    groups, task = _groups(), HydraConfig.get().overrides.task
    kept = [o for o in task if not o.startswith("+") or _key(o) in groups]
    return compose(HydraConfig.get().job.config_name, overrides=kept)


def _belongs_to_object(cfg: DictConfig, path: str) -> bool:
    parts = path.split(".") if path else []
    nodes = (OmegaConf.select(cfg, ".".join(parts[: i + 1])) for i in range(len(parts)))
    return any(isinstance(node, DictConfig) and "_target_" in node for node in nodes)


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~").partition("@")[0]
