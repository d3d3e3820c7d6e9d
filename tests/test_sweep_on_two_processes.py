"""The same runs on two processes, as jobs of a sweep."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

import train
from pipelines import job_process, launch
from reporting import Results
from scalegmn.formats import load_state
from scalegmn.targets import SmallCNN

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
# Twenty steps each of a classifier, an operator, and fine-tuning under two masks, in batches of 15
# images, which two processes cannot share equally. SGD, because Adam would hide a wrong scale of
# gradients, and makes full steps of those that are zero but for rounding. No dropout, because every
# process draws its own masks.
TINY = [
    *("experiment=quickstart", "target.net.dropout=0.0", "data.batch_size=15", "sparsity=0.7"),
    *("optimizer=sgd", "optimizer.lr=1e-3", "scheduler.scheduler.lr_lambda.steps=1"),
    *("trainer.accelerator=cpu", "trainer.max_epochs=1", "trainer.limit_train_batches=20"),
    *("trainer.limit_val_batches=4", "trainer.limit_test_batches=4", "finetune.max_epochs=1"),
    *("optimizer@finetune.optimizer=sgd", "optimizer@dense.optimizer=sgd", "dense.max_epochs=1"),
    *("dense.data.batch_size=15", "dense.optimizer.weight_decay=0.0"),
]
PAIR = ["trainer=ddp_cpu", "trainer.devices=2"]
SHARING = "model.batches_per_operator_step"


def command(folder):
    # No operator takes no batches: the first job fails.
    where = [f"hydra.sweep.dir={folder}", f"paths.dense_dir={folder}_dense"]
    return ["train.py", "-m", *TINY, *PAIR, f"{SHARING}=0,1,3", *where]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    """A sweep of three jobs, the first of which fails, and what it said."""
    folder = tmp_path_factory.mktemp("sweep")
    done = subprocess.run(
        [sys.executable, *command(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1800,
    )
    assert done.returncode == 1, done.stdout
    return folder, done.stdout


def job(sweep, sharing):
    said = sweep[0].glob("*/.hydra/overrides.yaml")
    (file,) = (file for file in said if f"- {SHARING}={sharing}\n" in file.read_text())
    return file.parents[1]


@pytest.fixture(scope="module", params=[1, 3])
def folders(request, sweep, tmp_path_factory):
    """Of a run on one process, and of the same on two, sharing operator steps or not."""
    folder = tmp_path_factory.mktemp("one")
    where = [f"paths.run_dir={folder}", f"paths.dense_dir={folder}_dense"]
    overrides = [*TINY, f"{SHARING}={request.param}", *where]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        train.train(compose("train", overrides=overrides))
    torch.use_deterministic_algorithms(False)
    return folder, job(sweep, request.param), request.param


def rows(file):
    with file.open(newline="") as stream:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(stream)]


FITS = {
    "classifier": "*/metrics.csv",
    "operator": "metrics.csv",
    "masked": "finetune/scalegmn_eq_70/lr_0.01/metrics.csv",
    "masked at once": "magnitude/finetune/magnitude_70/lr_0.01/metrics.csv",
}


def find(folder, pattern):
    """A file of a run; the dense network's are those of the sweep."""
    if pattern.startswith("*"):
        beside = [Path(f"{place}_dense") for place in (folder, folder.parent)]
        folder = next(place for place in beside if place.exists())
    (file,) = folder.glob(pattern)
    return file


@pytest.mark.parametrize("fit", FITS)
def test_training_does_not_depend_on_how_batches_are_shared(folders, fit):
    one, two = (rows(find(folder, FITS[fit])) for folder in folders[:2])
    assert len(one) == len(two) == 1 and "val/loss" in one[0] and "train/loss" in one[0]
    assert one[0]["step"] == (7 if fit == "operator" and folders[2] == 3 else 20)
    assert two[0] == pytest.approx(one[0], rel=1e-5)


@pytest.mark.parametrize("name", ["dense", "rewritten", "pruned_70", "magnitude/pruned_70"])
def test_networks_do_not_depend_on_how_batches_are_shared(folders, name):
    one, two = (load_state(folder / f"{name}.safetensors", SmallCNN()) for folder in folders[:2])
    for tensor_name, tensor in one.items():
        assert torch.equal(tensor == 0, two[tensor_name] == 0)
        assert torch.allclose(tensor, two[tensor_name], rtol=1e-5, atol=1e-5)


def besides_events(files):
    return {file for file in files if "tfevents" not in file}


def test_one_process_writes_what_both_found_out(folders):
    one, two, _ = folders
    written, expected = ({str(f.relative_to(d)) for f in d.rglob("*")} for d in (two, one))
    of_commands = {".hydra/hydra.yaml", ".hydra/overrides.yaml", "train.log"}
    assert besides_events(written) - of_commands == besides_events(expected)
    results, single = (Results.read(folder / "results.json") for folder in (two, one))
    assert results.config_hash == single.config_hash
    assert [row.method for row in results.pruned] == [None, "magnitude"]
    # Of four batches, every image once.
    assert results.dense.test_acc * 60 == pytest.approx(round(results.dense.test_acc * 60))
    assert results.dense.test_acc == pytest.approx(single.dense.test_acc)
    for row in results.pruned:
        weights = [t for t in load_state(two / row.file, SmallCNN()).values() if t.ndim > 1]
        zeros = sum(int((t == 0).sum()) for t in weights)
        assert zeros == int(sum(t.numel() for t in weights) * 0.7)


def test_a_sweep_has_one_folder_per_job_and_goes_on_after_a_failed_one(sweep):
    folder, said = sweep
    assert len(list(folder.rglob("results.json"))) == 2
    assert {f.parent for f in folder.rglob("results.json")} == {job(sweep, 1), job(sweep, 3)}
    assert {f for f in folder.iterdir() if f.is_dir()} == {job(sweep, 1), job(sweep, 3)}
    assert said.count("quickstart: small_cnn on digits") == 2 and "Traceback" not in said
    assert "error: model.batches_per_operator_step must be above 0, got 0" in said


def test_started_again_it_repeats_only_what_failed(sweep, monkeypatch, capsys):
    started = []

    class Fails:
        pid = 2**22 + 1  # Above any that Linux gives.

        def __init__(self, command, **_):
            started.append(command)

        def wait(self):
            return 1

    monkeypatch.setattr(job_process.subprocess, "Popen", Fails)
    monkeypatch.setattr("pipelines.run.Run.trainer", None)  # Nothing is trained in this process.
    monkeypatch.setattr(sys, "argv", command(sweep[0]))
    with pytest.raises(SystemExit, match="batches_per_operator_step must be above 0"):
        launch.command(train.main)
    # What fails is found before it gets processes of its own.
    assert not started
    assert capsys.readouterr().out.count("quickstart: small_cnn on digits") == 2
