"""Imports point from train.py to pipelines, to what pipelines joins, and to scalegmn."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = {"hydra", "omegaconf", "conf", "pipelines", "train", "evaluate", "report"}
SIBLINGS = {"lightning_modules", "datamodules", "callbacks", "reporting"}
MAY_NOT_IMPORT = {
    "scalegmn": {"lightning", *SIBLINGS, *CONFIG},
    **{package: {*(SIBLINGS - {package}), *CONFIG} for package in sorted(SIBLINGS)},
    "pipelines": {"hydra_plugins", "train", "evaluate", "report"},
    "hydra_plugins": {*SIBLINGS, "train", "evaluate", "report"},
}
FILES = [(p, f) for p in MAY_NOT_IMPORT for f in sorted((ROOT / p).rglob("*.py"))]


def imported(file):
    tree = ast.parse(file.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    return names | {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}


@pytest.mark.parametrize(("package", "file"), FILES, ids=lambda v: getattr(v, "name", v))
def test_arrows_point_one_way(package, file):
    assert not {name.split(".")[0] for name in imported(file)} & MAY_NOT_IMPORT[package]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "callbacks").glob("[!_]*.py")), ids=lambda f: f.stem
)
def test_callbacks_know_nothing_of_each_other(file):
    assert not {name for name in imported(file) if name.split(".")[0] == "callbacks"}


def test_there_is_no_python_among_the_configs():
    assert not list((ROOT / "conf").rglob("*.py"))
