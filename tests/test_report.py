import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reporting import DenseRow, PrunedRow, Results
from reporting import report as report_module
from reporting.report import report

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


def predictor(folder, name, seed, tau, **options):
    metrics = {"kendall_tau": tau, "r2": 0.9, "mae": 0.02, "val_kendall_tau": 0.5}
    facts = {"experiment": "predict_small_cnn", "dataset": "zoo", "target": "small_cnn", **options}
    metrics |= {"train_networks": 800, "parameters": 10}
    results = Results(predictor=name, seed=seed, metrics=metrics, **facts)
    results.write(folder / f"{name}_{seed}" / "results.json")


def run(folder, *overrides):
    command = [sys.executable, str(SCRIPT), *overrides]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_report_is_a_table_and_curves_and_skips_what_is_broken(outputs, caplog):
    (outputs / "results.json").write_text("{")
    report([str(outputs)], outputs / "report")
    written = {file.name: file.stat().st_size for file in (outputs / "report").iterdir()}
    assert set(written) == {
        *("index.html", "table.md", "table.csv", "table.tex"),
        *("curves.png",),
    }
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
        f"error: no results of a network, a predictor or INRs below {tmp_path}: run an experiment "
        "first (python train.py), set 'roots=[FOLDER]', or see those that came with the project "
        "(reference=true)"
    ]
    assert list(tmp_path.iterdir()) == []


def test_runs_on_some_batches_only_are_counted_and_left_out(outputs, tmp_path, caplog):
    caplog.set_level("INFO", logger=report_module.log.name)
    (file,) = outputs.rglob("results.json")
    replace(Results.read(file), debug=True).write(outputs / "smoke" / "results.json")
    (section,) = report(str(outputs), tmp_path / "report").networks
    assert [row.test_acc.n for row in section.rows] == [1, 1]
    assert caplog.messages == ["left out: 1 on some batches only (debug)"]


def test_predictors_without_scores_are_counted(outputs, tmp_path, caplog):
    file = outputs / "diverged" / "results.json"
    diverged = Results(experiment="e", seed=0, predictor="MLP", dataset="zoo")
    diverged.write(file)
    report(str(outputs), tmp_path / "report")
    assert caplog.messages == ["left out: 1 predictors without scores, as theirs are NaN"]


def test_predictors_have_their_own_table_and_figure(tmp_path):
    for seed, tau in enumerate((0.8, 0.82)):
        predictor(tmp_path / "runs", "StatNN", seed, tau)
        predictor(tmp_path / "runs", "MLP", seed, tau - 0.3)
    done = run(tmp_path, "roots=runs", "output_dir=report")
    assert done.returncode == 0, done.stderr
    assert "StatNN" in done.stdout and "predictors.md,predictors.csv,predictors.png" in done.stdout
    written = {file.name: file for file in (tmp_path / "report").iterdir()}
    assert written.keys() == {"index.html", "predictors.md", "predictors.csv", "predictors.png"}
    line = "| MLP | 10 | 0.5100 ± 0.0141 | 0.9000 ± 0.0000 | 2.00 ± 0.00 | -0.3000 ± 0.0000 | 2 |"
    assert line in written["predictors.md"].read_text()


def test_results_that_came_with_the_project_are_shown_on_request(outputs, tmp_path):
    shipped = outputs / "reference"
    (file,) = outputs.rglob("results.json")
    results = Results.read(file)
    row = replace(results.pruned[0], test_acc=0.6)
    replace(results, pruned=(row,)).write(shipped / "magnitude" / "results.json")

    def shown(**options):
        report([str(outputs)], tmp_path / "report", shipped=shipped, **options)
        text = (tmp_path / "report" / "table.md").read_text()
        measured = text.partition("### Measurements")[2]
        return [line for line in measured.splitlines() if line.startswith("| magnitude")]

    own, theirs = "| magnitude | 80 % | 70.00 |", "| magnitude § | 80 % | 60.00 |"
    (line,) = shown()
    assert line.startswith(own)
    first, second = shown(reference=True)
    assert first.startswith(own) and second.startswith(theirs)


def test_paths_may_begin_at_home(outputs, monkeypatch):
    monkeypatch.setenv("HOME", str(outputs.parent))
    report(["~/outputs"], "~/written")
    assert (outputs.parent / "written" / "table.md").is_file()


def test_a_folder_that_cannot_be_written_is_one_clear_line(outputs):
    file = outputs.parent / "file"
    file.touch()
    for place in (file, file / "report"):
        with pytest.raises(ValueError, match=f"{place}: cannot be made a folder"):
            report([str(outputs)], place)
    done = run(outputs.parent, "output_dir=file")
    assert done.returncode == 1
    assert done.stderr.strip() == "error: file: cannot be made a folder (File exists)"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(outputs):
    place = outputs.parent / "read_only"
    place.mkdir(mode=0o500)
    with pytest.raises(ValueError, match=f"output_dir={place} cannot be written: Permission"):
        report([str(outputs)], place)
