import pytest

from reporting import Results, Run
from reporting.commands import command_of, runs_to_markdown


@pytest.fixture
def folder(tmp_path):
    (tmp_path / ".hydra").mkdir()
    overrides = "- experiment=e\n- sparsity=[0.6,0.9]\n- hydra.run.dir=/x\n- +pruner.k=1\n"
    (tmp_path / ".hydra" / "overrides.yaml").write_text(overrides)
    return tmp_path


def test_a_run_has_its_command_without_where_it_was_done(run, folder):
    one = Run(run(dense_hash="abc", wall_seconds=90.0), "b", folder=folder)
    assert command_of(one) == "python train.py experiment=e 'sparsity=[0.6,0.9]' +pruner.k=1"
    other = Run(Results(experiment="predict", seed=3, predictor="MLP"), "a")
    lines = runs_to_markdown([one, other]).splitlines()
    assert lines[-2] == "| a | MLP |  |  | 3 |  |  |"
    assert lines[-1].startswith("| b | magnitude | 90 % | abc | 42 | 1.5 | `python train.py exp")


@pytest.mark.parametrize("content", ["{", "a: 1", ""])
def test_a_command_that_cannot_be_read_is_unknown(run, folder, content):
    (folder / ".hydra" / "overrides.yaml").write_text(content)
    assert command_of(Run(run(), folder=folder)) == ""


def test_without_any_command_there_is_no_list(run):
    assert runs_to_markdown([Run(run(), "a")]) == ""
