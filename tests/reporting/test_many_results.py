"""A report of as many results as a large table has (its time: ``benchmarks/many_results.py``)."""

import logging

from benchmarks.many_results import write_many
from reporting.report import report


def test_all_results_are_counted_but_the_damaged_one(tmp_path, caplog):
    write_many(tmp_path / "runs", 100)
    damaged = tmp_path / "runs" / "000" / "results.json"
    damaged.write_text("{")
    with caplog.at_level(logging.WARNING):
        found = report([str(tmp_path / "runs")], tmp_path / "report")
    # 88 runs at four sparsities, one of them damaged, and 12 predictors.
    assert sum(len(row.records) for section in found.networks for row in section.rows) == 87 * 4
    assert sum(row.kendall_tau.n for section in found.predictors for row in section.rows) == 12
    assert f"skipped: {damaged} is not a results.json" in caplog.text
