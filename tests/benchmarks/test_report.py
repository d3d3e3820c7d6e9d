"""The tables of the benchmarks are those of the results that lie beside them."""

import json
from pathlib import Path

from benchmarks import report


def test_its_tables_are_in_the_readme():
    folder = Path(report.__file__).parent
    block = report.BLOCK.search((folder / "README.md").read_text())
    assert block is not None
    tables = 0
    for path in (folder / "results").glob("*.json"):
        record = json.loads(path.read_text())
        make = report.table if "cases" in record else report.error_table
        assert make(record) in block[0], path
        tables += 1
    assert tables == block[0].count("\n|---") > 0
