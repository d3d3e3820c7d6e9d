"""What the pages on extending show runs as it is written there."""

import json

import pytest
from pages import add_files, commands, program, project_copy, python, shell

from reporting import Results

pytestmark = pytest.mark.slow


def results(folder):
    return [Results.read(file) for file in folder.glob("outputs/*/*/results.json")]


@pytest.fixture
def project(tmp_path):
    return project_copy(tmp_path)


def test_a_method_prunes_as_every_method(project):
    add_files("extend/method.md", project)
    for command in commands("extend/method.md"):
        shell(command, project)
    rows = [
        (run.method, row.method, row.epochs_before_finetune, row.weight_sparsity)
        for run in results(project)
        for row in run.pruned
    ]
    kept = int(0.8 * 4912) / 4912
    assert sorted(rows, key=str) == [
        ("magnitude", "weight_decay", 2, pytest.approx(kept)),
        ("magnitude", None, 0, pytest.approx(kept)),
        ("weight_decay", None, 2, pytest.approx(kept)),
    ]


def test_a_score_and_an_allocation_are_methods_like_others(project):
    add_files("extend/score.md", project)
    for command in commands("extend/score.md"):
        shell(command, project)
    runs = sorted(results(project), key=lambda run: run.experiment)
    assert [(run.experiment, run.method) for run in runs] == [
        ("in_order", "wanda"),
        ("wanda", "wanda"),
        ("wanda", "wanda"),
    ]
    kept = 4912 - int(0.8 * 4912)
    assert all(run.pruned[0].weight_sparsity == 1 - kept / 4912 for run in runs)
    allocations = {run.protocol["selection.allocate._target_"] for run in runs}
    assert allocations == {
        "scalegmn.pruning.allocate_globally",
        "scalegmn.pruning.allocate_erk",
        "in_order.allocate_to_the_last",
    }


def test_a_target_is_pruned_rewritten_and_found_from_its_files(project):
    add_files("extend/target.md", project)
    for command in commands("extend/target.md"):
        shell(command, project)
    assert {(run.method, run.target) for run in results(project)} == {
        ("magnitude", "lenet"),
        ("scalegmn_eq", "lenet"),
    }
    assert "features.0 (6)" in python(program("extend/target.md"), project)
    (file,) = project.glob("outputs/eq_prune_lenet/*/pruned_80.safetensors")
    shell(f"python evaluate.py file={file} hydra.run.dir=evaluated", project)
    evaluation = json.loads((project / "evaluated" / "evaluation.json").read_text())
    assert evaluation["target"] == "lenet"
