"""The results that came with the project are what report.py makes of their files."""

import re
from pathlib import Path

import pytest

from reporting import collect
from reporting.inrs import tabulate_inrs
from reporting.networks import tabulate
from reporting.predictors import tabulate_predictors
from reporting.report import SHIPPED, Report, texts

FOLDERS = sorted(folder.parent for folder in SHIPPED.glob("*/README.md"))
# Shares, points and accuracies; no versions.
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?= ?%| points)|(?<![\w.])\d+\.\d{2}(?![\w.])")


def prose(page):
    text = page.read_text(encoding="utf-8")
    return re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.S)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_tables_are_what_the_documented_command_writes(folder):
    runs, complaints = collect([folder], shipped=SHIPPED)
    assert complaints == []
    written = texts(Report(tabulate(runs), tabulate_predictors(runs), tabulate_inrs(runs), runs))
    for name, text in written.items():
        assert (folder / name).read_text(encoding="utf-8") == text, name
    page = (folder / "README.md").read_text(encoding="utf-8")
    where = folder.relative_to(Path(__file__).parents[2])
    assert f"python report.py 'roots=[{where}]' output_dir={where}" in page


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_numbers_in_prose_are_in_the_tables(folder):
    tables = "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.md"))
    tables = tables.replace((folder / "README.md").read_text(encoding="utf-8"), "")
    known = set(re.findall(r"\d+(?:\.\d+)?", tables))
    missing = sorted(set(NUMBER.findall(prose(folder / "README.md"))) - known)
    assert not missing, f"{folder / 'README.md'}: not in a table that report.py wrote: {missing}"


def test_numbers_are_told_from_versions(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("torch 2.13.0, 57.21, 3.7 points, 60 % and `12 %` of 2.5 s, seed 42")
    assert NUMBER.findall(prose(page)) == ["57.21", "3.7", "60"]
