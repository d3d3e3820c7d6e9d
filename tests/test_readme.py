"""The README says what is so."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
EXPERIMENTS = {file.stem for file in (ROOT / "conf" / "experiment").glob("*.yaml")}


def test_its_table_is_what_the_report_wrote():
    block = re.search(r"<!-- results: .*? -->\n(.*?)<!-- end of results -->", README, re.S)
    table = (ROOT / "outputs/reference/small_cnn/table.md").read_text()
    assert block is not None
    assert block[1].strip() == table.partition("\n")[2].strip()


def test_it_names_the_experiments_that_there_are():
    assert set(re.findall(r"experiment=(\w+)", README)) <= EXPERIMENTS
    assert all(f"`{name}`" in README for name in EXPERIMENTS)


def test_its_files_are_there():
    for path in re.findall(r"\]\(([\w./-]+)\)|`(tests/[\w/]+\.py)`", README):
        assert (ROOT / "".join(path)).exists(), path
