import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import report as report_py
from report import report
from scalegmn.results import DenseRow, PrunedRow, Results

SCRIPT = Path(__file__).parents[1] / "report.py"


@pytest.fixture
def outputs(tmp_path):
    Results(
        experiment="baseline_magnitude",
        seed=42,
        method="magnitude",
        target="small_cnn",
        dataset="digits",
        dense=DenseRow(test_acc=0.9),
        pruned=(PrunedRow(sparsity=0.8, test_acc=0.7, test_acc_before_finetune=0.3),),
    ).write(tmp_path / "outputs" / "baseline_magnitude" / "run" / "results.json")
    return tmp_path / "outputs"


def run(folder, *overrides):
    command = [sys.executable, str(SCRIPT), *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_report_is_a_table_and_curves_and_skips_what_is_broken(outputs, caplog):
    (outputs / "results.json").write_text("{")
    report([str(outputs)], outputs / "report")
    written = {file.name: file.stat().st_size for file in (outputs / "report").iterdir()}
    assert set(written) == {"table.md", "table.csv", "curves.png"}
    assert all(written.values())
    (warning,) = caplog.messages
    assert str(outputs / "results.json") in warning


def test_the_command_writes_to_outputs_report_and_nowhere_else(outputs):
    done = run(outputs.parent)
    assert done.returncode == 0, done.stderr
    assert "magnitude" in done.stdout
    assert "| magnitude | 80 % | 70.00 | 30.00 | 1 |" in (outputs / "report/table.md").read_text()
    assert [path.name for path in outputs.parent.iterdir()] == ["outputs"]


def test_no_results_are_one_clear_line_and_no_report(tmp_path):
    done = run(tmp_path, f"roots={tmp_path}")
    assert done.returncode != 0
    assert done.stderr.strip().splitlines() == [
        f"error: no results of a network below {tmp_path}: "
        "run an experiment first (python train.py), or set roots=[FOLDER]"
    ]
    assert list(tmp_path.iterdir()) == []


def test_runs_on_some_batches_only_are_counted_and_left_out(outputs, tmp_path, caplog):
    caplog.set_level("INFO", logger=report_py.log.name)
    (file,) = outputs.rglob("results.json")
    replace(Results.read(file), debug=True).write(outputs / "smoke" / "results.json")
    (rows,) = report(str(outputs), tmp_path / "report").values()
    assert [row.test_acc.n for row in rows] == [1, 1]
    assert caplog.messages == ["left out: 1 on some batches only (debug)"]
