"""A report of as many results as a large table has."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.reporting.many_results import write_many

ROOT = Path(__file__).parents[2]
# In a process of its own, where types are not checked; its time, so that no other job's counts.
MEASURED = """
import logging, sys, time
from reporting.report import report
logging.basicConfig()
runs, folder = sys.argv[1:]
start = time.process_time()
found = report([runs], folder)
print(time.process_time() - start)
print([max(row.test_acc.n for row in section.rows) for section in found.networks])
print(sum(len(section.rows) for section in found.predictors))
"""


@pytest.mark.slow
def test_five_hundred_results_take_less_than_five_seconds(tmp_path):
    write_many(tmp_path / "runs", 500)
    damaged = tmp_path / "runs" / "000" / "results.json"
    damaged.write_text("{")
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "runs"), str(tmp_path / "report")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    seconds, counts, predictors = done.stdout.splitlines()
    assert float(seconds) < 5
    assert (counts, predictors) == ("[15, 13]", "14")
    assert f"skipped: {damaged} is not a results.json" in done.stderr
