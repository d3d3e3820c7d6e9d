import subprocess
import sys
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

import pipelines  # noqa: F401  Configs call its resolvers.
import train
from hydra_plugins.optuna_search import OptunaSearch
from pipelines import launch

ROOT = Path(__file__).parents[2]


def composed(*overrides):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        overrides = ["hydra/sweeper=optuna", *overrides]
        return compose("train", overrides=overrides, return_hydra_config=True).hydra.sweeper


def test_it_is_what_the_config_configures():
    sweeper = composed("experiment=baseline_snip")
    assert sweeper._target_ == f"{OptunaSearch.__module__}.{OptunaSearch.__name__}"
    arguments = {k: v for k, v in sweeper.items() if k not in ("_target_", "_recursive_")}
    OptunaSearch(**arguments)
    assert sweeper.storage == "sqlite:///outputs/baseline_snip/sweep/study.db"
    assert sweeper.n_jobs == 1


def test_with_joblib_there_are_as_many_trials_at_once_as_jobs():
    reason = 'comes with pip install -e ".[sweeps]"'
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason=reason)
    assert composed("hydra/launcher=joblib", "hydra.launcher.n_jobs=3").n_jobs == 3


def test_params_of_a_file_are_a_search_space_as_in_other_sweeps():
    sweeper = composed("+sweep=eq_operator")
    grid = OmegaConf.load(ROOT / "conf" / "sweep" / "eq_operator.yaml").hydra.sweeper.params
    assert sweeper.params == grid and sweeper.n_trials == 20


def test_without_optuna_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna", None)
    monkeypatch.delitem(sys.modules, "pipelines.study", raising=False)
    argv = ["train.py", "-m", "hydra/sweeper=optuna", "optimizer.lr=1e-3,1e-4"]
    monkeypatch.setattr(sys, "argv", argv)
    with pytest.raises(SystemExit) as stop:
        launch.command(train.main)
    assert stop.value.code == 'error: hydra/sweeper=optuna needs Optuna: pip install -e ".[optuna]"'
    assert not list(tmp_path.iterdir())


def test_finding_it_imports_nothing_that_takes_seconds():
    code = "import sys, hydra_plugins.optuna_search; print({'torch', 'optuna'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
