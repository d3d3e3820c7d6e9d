import ast
from pathlib import Path

import pytest

import callbacks

FOLDER = Path(callbacks.__file__).parent
FILES = sorted(set(FOLDER.rglob("*.py")) - {FOLDER / "__init__.py"})
ALLOWED = {"jaxtyping", "lightning", "numpy", "rich", "scalegmn", "torch"}
STANDARD = {"collections", "copy", "csv", "logging", "math", "pathlib", "typing"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_callback_imports_no_other_and_nothing_of_runs(file):
    tree = ast.parse(file.read_text())
    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module}
    assert {name.split(".")[0] for name in names} <= ALLOWED | STANDARD


def test_every_callback_is_exported():
    classes = {
        n.name
        for f in FILES
        for n in ast.parse(f.read_text()).body
        if isinstance(n, ast.ClassDef) and not n.name.startswith("_")
    }
    errors = {"Diverged"}
    assert set(callbacks.__all__) == classes - errors
