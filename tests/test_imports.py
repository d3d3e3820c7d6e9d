import ast
from pathlib import Path

import pytest

CONFIG = {"hydra", "omegaconf", "conf"}
MAY_NOT_IMPORT = {
    "scalegmn": {"lightning", "lightning_modules", "datamodules", "callbacks", *CONFIG},
    "callbacks": {"lightning_modules", "datamodules", *CONFIG},
    "lightning_modules": {"callbacks", "datamodules", *CONFIG},
    "datamodules": {"callbacks", "lightning_modules", *CONFIG},
}
ROOT = Path(__file__).parents[1]
FILES = [(p, f) for p in MAY_NOT_IMPORT for f in sorted((ROOT / p).rglob("*.py"))]


@pytest.mark.parametrize(("package", "file"), FILES, ids=lambda v: getattr(v, "name", v))
def test_arrows_point_one_way(package, file):
    tree = ast.parse(file.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    assert not {name.split(".")[0] for name in names} & MAY_NOT_IMPORT[package]
