"""Compose the config that evaluates a network from what its file says about it.

Files are data: nobody vouches for them. Their metadata may only choose among the targets and data
sets in ``conf/``, and set plain values of their constructors; nothing else reaches Hydra.
"""

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from scalegmn.formats import read_metadata
from scalegmn.pruning.masked_network import NAMES as MASKED

CONF = Path(__file__).parents[1] / "conf"
# Config groups: the metadata that names the choice, the node it sets, and the metadata with values.
METADATA = {"target": ("target", "target.net", "network"), "data": ("dataset", "data", "images")}
PLAIN = re.compile(r"\w[\w.+ -]*")
# Numbers above these are no widths, and no seeds.
LARGEST = {"target.net": 100_000, "data": 2**32}
ACTIVATIONS = ("ReLU", "Tanh", "Sigmoid", "GELU", "SiLU", "ELU", "LeakyReLU", "Identity")


def overridden() -> dict[str, str]:
    """What the command line gives, by key."""
    task = HydraConfig.get().overrides.task
    return {key.lstrip("+~"): value for key, _, value in (o.partition("=") for o in task)}


def network_metadata(file: str) -> dict[str, str]:
    """The metadata of a network's file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, or the file of a predictor or of a stage.
    """
    about = read_metadata(file)
    if MASKED in about:
        raise ValueError(
            f"{file} is what a stage left for the next one: give a network that is finished, such "
            "as pruned_90.safetensors"
        )
    if "recipe" in about:
        raise ValueError(
            f"{file} is a predictor: give it as predictor=, and as network= the file of a network "
            "that it shall read"
        )
    return about


def config_for(
    cfg: DictConfig, file: str | None, metadata: Mapping[str, tuple[str, str, str]] = METADATA
) -> DictConfig:
    """The config with the network and the images that a file names, unless the user named them.

    Args:
        cfg: of a command that reads a network's file.
        file: of the network.
        metadata: the part of :data:`METADATA` that matters.

    Raises:
        ValueError: if there is no file, or it names something that it may not.
    """
    if file is None:
        raise ValueError("give file=FILE, or predictor=FILE network=FILE")
    task, given, about = HydraConfig.get().overrides.task, overridden(), network_metadata(file)
    named = {g: about[n] for g, (n, _, _) in metadata.items() if n in about and g not in given}
    for group, choice in named.items():
        _check_choice(file, group, choice)
    if named:
        command = HydraConfig.get().job.config_name
        cfg = compose(command, overrides=[*(f"{g}={c}" for g, c in named.items()), *task])
    cfg.file = file
    for group, (name, key, values) in metadata.items():
        if values in about and given.get(group, about.get(name)) == about.get(name):
            _set_values(cfg, key, about[values], given.keys())
    return cfg


def _check_choice(file: str, group: str, choice: str) -> None:
    shipped = sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    if choice not in shipped:
        raise ValueError(
            f"{file} has the {group} {choice!r}, which is not in conf/{group} "
            f"({', '.join(shipped)}): give {group}=NAME"
        )


def _set_values(cfg: DictConfig, key: str, text: str, given: Collection[str]) -> None:
    """Set below ``key`` what a file says, except for keys that were given; changes ``cfg``.

    Nothing is changed where the file means another class.
    """
    node = OmegaConf.select(cfg, key)
    try:
        values = json.loads(text)
    except ValueError as error:
        raise ValueError(f"{cfg.file}: its metadata for {key} is not JSON") from error
    if not isinstance(values, dict):
        raise ValueError(f"{cfg.file}: its metadata for {key} is not a JSON object")
    if values.pop("_target_", None) != node._target_:
        return
    written: Any = OmegaConf.to_container(node, resolve=False)
    for name, value in values.items():
        source = _source(written.get(name))
        full = source or f"{key}.{name}"
        if any(g == full or g.startswith(f"{full}.") for g in given):
            continue
        fits = _is_activation(value) or _is_like(value, node.get(name), LARGEST[key])
        if not fits:
            # Keys that only some targets have can be given only with the target.
            first = f"target={cfg.target.name} " if source else ""
            raise ValueError(
                f"{cfg.file} sets {full} to {value!r}, which no file may: give {first}{full}="
            )
        OmegaConf.update(cfg, full, value, merge=False, force_add=True)


def _source(written: Any) -> str | None:
    """The key that a value reads, which is the one that users give."""
    reads = isinstance(written, str) and written.startswith("${target.")
    return written.strip("${}") if reads else None


def _is_activation(value: Any) -> bool:
    """Whether a value makes one of PyTorch's activations."""
    names = {f"torch.nn.{name}" for name in ACTIVATIONS}
    return isinstance(value, dict) and (
        value.keys() <= {"_target_", "_partial_"} and value.get("_target_") in names
    )


def _is_like(value: Any, present: Any, largest: int) -> bool:
    """Whether a value is plain and, where the config has one, of its type."""
    if isinstance(value, dict):
        # Arguments of a function that the user names, but nothing that would be instantiated.
        free = isinstance(present, DictConfig) and "_target_" not in present
        return free and all(
            name.isidentifier()
            and not name.startswith("_")
            and _is_like(entry, present.get(name), largest)
            for name, entry in value.items()
        )
    if isinstance(value, str):
        # No interpolation, and no other folder than one beside the data.
        return isinstance(present, str | None) and PLAIN.fullmatch(value) is not None
    if isinstance(value, int | float) and not abs(value) <= largest:
        return False
    if value is None or present is None:
        return value is None or isinstance(value, bool | int | float)
    if isinstance(present, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(present)
