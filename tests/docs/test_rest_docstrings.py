"""Docstrings become Markdown for the API reference."""

import importlib.util

import pytest
from pages import ROOT


@pytest.fixture
def as_markdown():
    pytest.importorskip("griffe", reason="needs the extra docs")
    spec = importlib.util.spec_from_file_location("rest", ROOT / "docs" / "rest_docstrings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.as_markdown


def test_roles_and_formulas(as_markdown):
    text = "A :class:`~a.Mask` of :math:`x`.\n\n.. math:: a = b\n\nUse it so::\n\n    code"
    assert (
        as_markdown(text) == "A `a.Mask` of \\(x\\).\n\n\n$$\na = b\n$$\n\nUse it so:\n\n    code"
    )


def test_a_formula_of_several_lines_keeps_what_follows(as_markdown):
    text = "First.\n\n.. math::\n    a &= b \\\\\n    c &= d\n\nThen text."
    assert as_markdown(text) == "First.\n\n\n$$\na &= b \\\\\nc &= d\n$$\n\nThen text."
