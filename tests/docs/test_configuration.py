"""The page on configuration names every choice and every key of conf/."""

import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

import pipelines  # noqa: F401  Configs call its resolvers.

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
FENCED = re.compile(r"```.*?```", re.S)
PAGE = "".join(
    FENCED.sub("", (ROOT / "docs" / page).read_text(encoding="utf-8"))
    for page in ("configuration.md", "predictors.md")
)
NAMES = set(re.findall(r"`([^`]+)`", PAGE))
# Groups of one choice, which nobody chooses, and those whose page is another one.
UNNAMED = {"hydra", "paths", "finetune", "experiment", "."}
# What is below them is named elsewhere: options of other pruners, optimizers and schedulers.
ELSEWHERE = re.compile(r"compare\..*|(dense|finetune)\.(optimizer|scheduler)\..*")
EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
CHOICES = [
    *("data=cifar10", "data=digits", "data=pruned_zoo", "data=zoo_union", "optimizer=sgd"),
    *("scheduler=cosine", "scheduler=warmup_cosine", "pruner=shuffled", "pruner=snip"),
    "pruner=imp_rewind",
    *("data=mnist", "data=inrs", "data=image_folder"),
    *("pruner=random", "target=vgg19", "trainer=ddp_cpu", "model/symmetry=hetero_abs"),
]


def keys(node, path=""):
    for name in node:
        child, here = node._get_node(name), f"{path}.{name}".removeprefix(".")
        if name.startswith("_"):
            continue
        if isinstance(child, DictConfig) and isinstance(child._content, dict) and child._content:
            yield from keys(child, here)
        else:
            yield here


def is_named(key):
    if key in NAMES or ELSEWHERE.fullmatch(key):
        return True
    parts = key.split(".")
    if any(".".join(parts[:i]) + ".*" in NAMES for i in range(1, len(parts))):
        return True
    # Behind a neighbour of the same owner, a key is written without it.
    return f".{parts[-1]}" in NAMES and any(n.startswith(".".join(parts[:-1])) for n in NAMES)


@pytest.mark.parametrize(
    "overrides",
    [
        *([f"experiment={e}"] for e in EXPERIMENTS),
        *(["experiment=baseline_magnitude", c] for c in CHOICES),
    ],
    ids=lambda overrides: overrides[-1],
)
def test_every_key_is_named(overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", overrides=overrides)
    assert [key for key in keys(OmegaConf.create(cfg)) if not is_named(key)] == []


def spellings(group, choice):
    """Names of a choice; those of a folder of experiments are written with it."""
    inner = group.removeprefix("experiment/")
    return {f"{inner}/{choice}"} if inner != group else {choice, f"{group}={choice}"}


def test_every_choice_is_named():
    files = [file.relative_to(CONF) for file in CONF.rglob("*.yaml")]
    choices = [(file.parent.as_posix(), file.stem) for file in files if file.stem != "default"]
    # The page says that each of these has one more.
    choices = [(g, c) for g, c in choices if not c.endswith("_bidirectional")]
    unnamed = [
        f"{group}={choice}"
        for group, choice in choices
        if group not in UNNAMED and not spellings(group, choice) & NAMES
    ]
    assert unnamed == []
