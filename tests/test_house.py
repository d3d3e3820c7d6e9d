"""Rules of the house that a reader of one file cannot see."""

import ast
import inspect
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from lightning import Callback

import callbacks
from pipelines.config_check import check_config

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
PACKAGES = ("scalegmn", "lightning_modules", "datamodules", "callbacks", "pipelines", "reporting")
FOLDERS = (*PACKAGES, "hydra_plugins")
SOURCES = sorted(
    [*ROOT.glob("*.py"), *(f for name in FOLDERS for f in (ROOT / name).rglob("*.py"))]
)
FITTED = sorted(
    f for name in ("callbacks", "lightning_modules") for f in (ROOT / name).glob("*.py")
)
EXPERIMENTS = sorted(file.stem for file in (CONF / "experiment").glob("*.yaml"))
HPARAMS = sorted(file.stem for file in (CONF / "hparams").glob("*.yaml"))


def called(file):
    nodes = (n.func for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.Call))
    return {getattr(function, "attr", getattr(function, "id", None)) for function in nodes}


@pytest.mark.parametrize("file", FITTED, ids=lambda file: file.stem)
def test_nothing_that_is_fitted_fits_anything_else(file):
    assert not called(file) & {"Trainer", "fit"}


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_files_are_short(file):
    assert len(file.read_text().splitlines()) <= 250


def test_callbacks_exports_callbacks_and_nothing_else():
    found = {
        name
        for name, value in vars(callbacks).items()
        if inspect.isclass(value) and issubclass(value, Callback)
    }
    assert set(callbacks.__all__) == found
    assert callbacks.__all__ == sorted(callbacks.__all__)


REPLACEMENTS = (
    ("scheduler=cosine", "optimizer=sgd", "model/symmetry=scale"),
    ("scheduler=constant", "optimizer=adamw", "model/symmetry=hetero"),
)


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", overrides=[*overrides, "paths.run_dir=run"])
    cfg.config_hash = "-"
    return cfg


@pytest.fixture(scope="module")
def alone():
    """The groups where no experiment that is under test has set anything."""
    return {given: composed("experiment=baseline_magnitude", *given) for given in REPLACEMENTS}


@pytest.mark.parametrize("given", REPLACEMENTS, ids=lambda given: given[0])
@pytest.mark.parametrize(
    "chosen",
    [
        *([f"experiment={name}"] for name in EXPERIMENTS),
        *(["experiment=predict_small_cnn", f"hparams={name}"] for name in HPARAMS),
    ],
    ids=lambda chosen: chosen[-1],
)
def test_a_choice_leaves_nothing_of_what_it_replaces(chosen, given, alone):
    """Keys that an experiment sets inside a group would stay when the group is replaced."""
    cfg = composed(*chosen, *given)
    check_config(cfg)
    for group in ("scheduler", "optimizer"):
        assert cfg[group].keys() == alone[given][group].keys()
        instantiate(cfg[group], _convert_="all")
    kind = instantiate(cfg.architecture, _convert_="all").kind
    assert type(kind).__name__.lower() == given[2].partition("=")[2]
