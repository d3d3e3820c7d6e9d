"""No file that the library reads can run code."""

import ast
from pathlib import Path

import numpy as np
import pytest

from scalegmn.formats import load_state
from scalegmn.targets import SmallCNN

SOURCES = sorted((Path(__file__).parents[2] / "scalegmn").rglob("*.py"))
FORBIDDEN = {"eval", "exec", "compile", "__import__", "import_module", "unsafe_load", "full_load"}


def called(source):
    """Name and keyword values of each call, ``torch.load`` as ``load``."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            yield name, {k.arg: ast.unparse(k.value) for k in node.keywords}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_nothing_is_unpickled_or_evaluated(source):
    for name, keywords in called(source):
        if name == "torch.load":
            assert keywords.get("weights_only") == "True"
        assert keywords.get("allow_pickle", "False") == "False"
        if "." not in name or name.startswith("importlib"):
            assert name.split(".")[-1] not in FORBIDDEN, name
    imports = {n for node in ast.walk(ast.parse(source.read_text())) for n in imported(node)}
    assert not imports & {"pickle", "dill", "joblib", "yaml", "marshal", "shelve"}


def imported(node):
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {(node.module or "").split(".")[0]} if isinstance(node, ast.ImportFrom) else set()


def test_the_scan_sees_the_one_call_that_unpickles():
    found = [source.stem for source in SOURCES for name, _ in called(source) if "load" in name]
    assert "state_dict" in found


def test_an_array_of_objects_is_refused(tmp_path):
    np.save(tmp_path / "net.npy", np.array([SmallCNN()] * 2, dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"net\.npy: truncated, or not a NumPy array"):
        load_state(tmp_path / "net.npy", SmallCNN())
