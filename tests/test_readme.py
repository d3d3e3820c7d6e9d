"""README and docs agree with the files that they speak of."""

import re
from pathlib import Path

import pytest

from reporting.copies import COPY, written

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXPERIMENTS = {file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml")}


def name(page):
    return str(page.relative_to(ROOT))


def test_readme_is_short():
    assert len(README.splitlines()) <= 150


def test_a_table_is_in_readme_and_all_markers_are_understood():
    assert COPY.search(README)
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert text.count("<!-- results:") == len(COPY.findall(text))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_tables_are_copies_of_what_the_report_wrote(page):
    for copy in COPY.finditer(page.read_text(encoding="utf-8")):
        assert copy["copy"].strip() == written(copy), copy["file"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_experiments_exist(page):
    named = re.findall(r"experiment=([a-z][\w/]*)", page.read_text(encoding="utf-8"))
    assert all((ROOT / "conf" / "experiment" / f"{name}.yaml").exists() for name in named)


def test_readme_names_all_experiments():
    assert all(f"`{name}`" in README for name in EXPERIMENTS)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files(page):
    for link in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_mean_the_same_in_bash_and_zsh(page):
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        for line in block.splitlines():
            command = re.sub(r"'[^']*'|\"[^\"]*\"|(^|\s)#.*", "", line)
            assert not re.search(r"[\[\]{}*?]", command), f"zsh expands this unquoted: {line}"
            assert not re.search(r"\s\$\w", command), f"zsh splits no variables: {line}"


@pytest.mark.parametrize(
    "page", [PAGES[0], *sorted((ROOT / "docs" / "guide").glob("*.md"))], ids=name
)
def test_commands_have_no_comments(page):
    # An interactive zsh takes them for arguments.
    for block in re.findall(r"```bash\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        assert "#" not in block


@pytest.mark.parametrize("page", [p for p in PAGES if p.parent.name != "extend"], ids=name)
def test_files_that_are_named_exist(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.S)
    for path in re.findall(r"`((?:\w+/)+[\w.]+\.(?:py|yaml|md|png|txt))`", text):
        assert path.startswith("outputs/") or (ROOT / path).exists(), path


def test_a_value_reaches_its_file_in_ten_hops():
    text = (ROOT / "docs" / "how_a_run_works.md").read_text(encoding="utf-8")
    hops = re.findall(r"^(\d+)\. `", text, flags=re.M)
    assert 5 <= len(hops) <= 10
