import logging
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import hydra
import pytest

from pipelines import launch
from pipelines.lock import locked

ROOT = Path(__file__).parents[2]
CONF = """
defaults: [override hydra/job_logging: stdout, _self_]
name: demo
seed: 1
weights: null
paths: {run_dir: "${hydra:runtime.output_dir}"}
trainer: {devices: 1, num_nodes: 1}
hydra:
  run: {dir: "outputs/${name}/${run_id:}"}
  sweep: {dir: "outputs/${name}/sweep", subdir: "${job_folder:${hydra.overrides.task}}"}
  output_subdir: null
  job_logging: {formatters: {simple: {format: "%(message)s"}}}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a body as a job of a command with a small config, in an empty folder."""
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "demo.yaml").write_text(CONF)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(body, *arguments):
        @hydra.main(version_base="1.3", config_path=str(tmp_path / "conf"), config_name="demo")
        def main(cfg):
            with launch.job(cfg) as this:
                body(cfg, this)

        monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
        launch.command(main)

    return run


def write(cfg, this):
    logging.getLogger("a.b").info("epoch %d", 1)
    (this.folder / "results.json").write_text("{}")
    warnings.warn("small", UserWarning, stacklevel=1)


@pytest.mark.filterwarnings("default:small")
def test_a_run_says_where_its_results_are_and_keeps_what_it_logs(run, capsys):
    with pytest.warns(UserWarning, match="small"):
        run(write, "hydra.run.dir=a")
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "results will be in a" and out[1] == "epoch 1"
    assert out[2].startswith("done in ") and out[2].endswith(" s: results are in a")
    (kept,) = Path("a").glob("*.log")
    lines = [line.split(maxsplit=2)[2] for line in kept.read_text().splitlines()]
    assert lines[0] == "INFO results will be in a" and "INFO epoch 1" in lines
    assert lines[-1].startswith("INFO done in ")
    assert sorted(f.name for f in Path("a").iterdir()) == ["results.json", kept.name]


def test_two_runs_of_one_second_have_two_folders(run):
    for _ in range(2):
        run(lambda cfg, this: (this.folder / "x").write_text(""))
    assert len(list(Path("outputs/demo").iterdir())) == 2


def test_the_home_folder_is_known_everywhere(run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    seen = []
    run(
        lambda cfg, this: seen.append((cfg.weights, this.folder)),
        "hydra.run.dir=~/a",
        "weights=~/w",
    )
    assert seen == [(f"{tmp_path}/w", tmp_path / "a")]
    assert list(Path().iterdir()) == []


def test_a_run_that_cannot_start_leaves_nothing(run, capsys):
    def fails(cfg, this):
        raise ValueError("seed=1: no\nsuch seed")

    with pytest.raises(SystemExit) as stop:
        run(fails)
    assert stop.value.code == "error: seed=1: no such seed"
    assert "to continue" not in capsys.readouterr().out
    assert [p.name for p in Path().rglob("*")] == ["outputs"]


def test_a_run_that_fails_later_says_how_to_go_on_and_keeps_the_traceback(run, capsys):
    def fails(cfg, this):
        (this.folder / "last.ckpt").write_text("")
        raise PermissionError(13, "Permission denied", "best.ckpt")

    with pytest.raises(SystemExit, match="^error: best.ckpt: Permission denied; change its perm"):
        run(fails, "seed=2", "hydra.run.dir=a b")
    folder = Path("a b").resolve()
    expected = f"""to continue: python train.py seed=2 'hydra.run.dir='"'"'{folder}'"'"''"""
    assert expected in capsys.readouterr().out
    (log,) = Path("a b").glob("*.log")
    assert "Traceback" in log.read_text() and expected in log.read_text()


def test_a_folder_is_used_by_one_command_at_a_time(run):
    with locked("a"), pytest.raises(SystemExit) as stop:
        run(write, "hydra.run.dir=a")
    assert f"a is in use by process {os.getpid()} on " in stop.value.code
    assert "\n" not in stop.value.code and list(Path("a").iterdir()) == []


def test_other_ranks_share_the_lock_and_are_silent(run, capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with locked("a"):
        run(lambda cfg, this: None, "hydra.run.dir=a")
    assert capsys.readouterr().out == ""


def test_an_interrupted_run_names_the_command_that_continues(run, capsys):
    def interrupted(cfg, this):
        (this.folder / "last.ckpt").write_text("")
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        run(interrupted, "seed=3", "hydra.run.dir=a")
    assert stop.value.code == 143
    line = f"interrupted; to continue: python train.py seed=3 hydra.run.dir={Path('a').resolve()}"
    assert capsys.readouterr().err == f"{line}\n"
    assert line in next(Path("a").glob("*.log")).read_text()


def test_an_error_that_an_interrupt_of_another_process_causes_is_an_interrupt(run):
    def interrupted(cfg, this):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Connection closed by peer") from None

    with pytest.raises(SystemExit) as stop:
        run(interrupted)
    assert stop.value.code == 130


def test_an_interrupt_ends_the_whole_sweep(run, capsys):
    seeds = []

    def interrupted(cfg, this):
        seeds.append(cfg.seed)
        signal.raise_signal(signal.SIGTERM)

    with pytest.raises(SystemExit) as stop:
        run(interrupted, "-m", "seed=1,2")
    assert stop.value.code == 143 and seeds == [1]
    assert "interrupted; to continue: python train.py -m seed=1,2\n" in capsys.readouterr().err


def test_a_sweep_goes_on_after_an_error_and_ends_with_it(run, capsys):
    seeds = []

    def fails(cfg, this):
        seeds.append(cfg.seed)
        if cfg.seed == 1:
            raise ValueError("no such seed")
        this.finished_before()

    with pytest.raises(SystemExit, match="^error: no such seed$"):
        run(fails, "-m", "seed=1,2")
    assert seeds == [1, 2]
    out = capsys.readouterr().out
    assert "error in job seed=1: no such seed" in out
    assert "finished before, skipped: outputs/demo/sweep/seed_2-" in out and "done in" not in out


def test_a_bug_shows_its_traceback(run):
    def buggy(cfg, this):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        run(buggy)


def test_a_file_where_the_folder_should_be_is_named(run):
    Path("a").write_text("")
    with pytest.raises(SystemExit, match="a: File exists; a file is where a folder should be"):
        run(write, "hydra.run.dir=a")
    with pytest.raises(SystemExit, match="a/b: Not a directory; a file is where a folder"):
        run(write, "hydra.run.dir=a/b")


def test_a_full_disk_is_named_with_the_folder_at_least(run):
    def full(cfg, this):
        raise OSError(28, "No space left on device")

    with pytest.raises(SystemExit, match="^error: a: No space left on device; free some space"):
        run(full, "hydra.run.dir=a")


def test_launching_is_imported_without_what_takes_seconds():
    code = "import sys, pipelines.launch; print({'torch', 'lightning', 'pandas'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr


def test_nobody_has_to_read_everything():
    code = """
from pipelines import launch
def main():
    for _ in range(100000):
        print("x" * 100)
launch.command(main)"""
    command = f"{sys.executable} -c '{code}' | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 141 and done.stderr == ""
