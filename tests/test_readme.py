"""The README says what is so."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXPERIMENTS = {file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml")}


def test_its_tables_are_what_the_report_wrote():
    comment, end = r"<!-- results: copied from (\S+), .*? -->", "<!-- end of results -->"
    blocks = re.findall(rf"{comment}\n(.*?){end}", README, re.S)
    assert blocks and len(blocks) == README.count("<!-- results:")
    for file, block in blocks:
        assert block.strip() == (ROOT / file).read_text().partition("\n")[2].strip(), file


def test_it_names_the_experiments_that_there_are():
    assert set(re.findall(r"experiment=(\w+)", README)) <= EXPERIMENTS
    assert all(f"`{name}`" in README for name in EXPERIMENTS)


def test_its_files_are_there():
    for path in re.findall(r"\]\(([\w./-]+)\)|`(tests/[\w/]+\.py)`", README):
        assert (ROOT / "".join(path)).exists(), path
