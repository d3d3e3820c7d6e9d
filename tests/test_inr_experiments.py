"""INRs from the first to the last line: fitted, edited, classified, evaluated."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

import evaluate
from pipelines import launch
from pipelines.execute import objective
from reporting import Results
from scalegmn.inr import Identity, INRImageEditor, MetanetworkEditor, save_editor
from scalegmn.nn import Architecture, Sign
from scalegmn.targets import Siren
from train import train

ROOT = Path(__file__).parents[1]
TINY = ["architecture.d=4", "architecture.num_layers=1", "trainer.max_epochs=2", "logger=none"]
FIT = ["experiment=fit_inrs", "data=digits", "inrs.siren.hidden=[4,4]", "inrs.images=6"]
FIT += ["inrs.fitter.steps=4", "inrs.at_once=2", "inrs.fits_per_image=2"]
READ = ["data.folder=inrs_digits", "data.image_size=32", "data.hidden=[4,4]"]


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


def executed(folder, data_dir, *overrides):
    where = [f"paths.run_dir={folder}", f"paths.data_dir={data_dir}"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        train(compose("train", overrides=[*overrides, *where]))
    return Results.read(folder / "results.json")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    results = executed(tmp_path_factory.mktemp("fit"), folder, *FIT)
    assert results.metrics["train_inrs"] == 12 and results.metrics["val_psnr"] > 5
    assert results.metrics["fits_per_minute"] > 0
    return folder


def test_fitting_again_fits_nothing(data_dir, tmp_path):
    before = {f: f.stat().st_mtime_ns for f in (data_dir / "inrs_digits").rglob("*")}
    results = executed(tmp_path, data_dir, *FIT)
    assert "fits_per_minute" not in results.metrics
    assert before == {f: f.stat().st_mtime_ns for f in (data_dir / "inrs_digits").rglob("*")}


def test_an_editor_is_trained_measured_and_evaluated_from_its_file(data_dir, tmp_path, monkeypatch):
    run, again = tmp_path / "run", tmp_path / "again"
    results = executed(run, data_dir, "experiment=inr_edit", *READ, *TINY)
    assert {
        "test_mse",
        "test_unedited_mse",
        "test_constant_mse",
        "val_loss",
    } <= results.metrics.keys()
    assert results.setting == "ScaleGMN (sign), forward"
    assert objective(results) == results.metrics["val_loss"]
    assert (run / "edited.png").stat().st_size > 10_000
    argv = ["evaluate.py", f"editor={run}/editor.safetensors", "data=inrs", *READ]
    argv += [f"paths.data_dir={data_dir}", f"hydra.run.dir={again}"]
    monkeypatch.setattr(sys, "argv", argv)
    launch.command(evaluate.main)
    evaluation = json.loads((again / "evaluation.json").read_text())
    assert evaluation["test_mse"] == pytest.approx(results.metrics["test_mse"], rel=1e-5)
    assert evaluation["edit"] == "dilation"
    assert (again / "edited.png").stat().st_size > 10_000


def test_images_are_in_tensorboard(data_dir, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tiny = [o for o in TINY if not o.startswith("logger")]
    executed(tmp_path, data_dir, "experiment=inr_edit", "model/edit=contrast", *READ, *tiny)
    tags = [EventAccumulator(str(f)).Reload().Tags()["images"] for f in tmp_path.rglob("events*")]
    assert any("edited" in tag for tag in tags)


@pytest.mark.parametrize("choice", ["model/operator=mlp", "model/symmetry=permutation"])
def test_other_editors_are_choices(data_dir, tmp_path, choice):
    results = executed(tmp_path, data_dir, "experiment=inr_edit", choice, *READ, *TINY)
    assert results.metrics["test_mse"] > 0


@pytest.mark.parametrize("reader", ["scalegmn", "scalegmn_full_graph", "mlp", "statnn"])
def test_a_classifier_is_trained_and_measured(data_dir, tmp_path, reader):
    choice = f"model/reader@model.recipe={reader}"
    results = executed(tmp_path, data_dir, "experiment=inr_classify", choice, *READ, *TINY)
    assert 0 <= results.metrics["test_acc"] <= 1 and results.metrics["train_inrs"] == 12


def test_an_editor_s_file_is_evaluated_on_its_kind_of_inrs_only(data_dir, tmp_path, monkeypatch):
    config = MetanetworkEditor(Architecture(kind=Sign(), d=4, num_layers=1))
    for name, siren, size in (("hidden", Siren(1, (4, 5)), 32), ("size", Siren(1, (4, 4)), 28)):
        editor = INRImageEditor(config, siren, size, Identity())
        save_editor(tmp_path / f"{name}.safetensors", editor, {})

    def stop(*overrides):
        where = [f"paths.data_dir={data_dir}", f"hydra.run.dir={tmp_path}/run"]
        monkeypatch.setattr(sys, "argv", ["evaluate.py", *overrides, *where])
        with pytest.raises(SystemExit) as caught:
            launch.command(evaluate.main)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    files = {name: f"editor={tmp_path}/{name}.safetensors" for name in ("hidden", "size", "none")}
    assert "hidden.safetensors edits SIRENs with" in stop(files["hidden"], "data=inrs", *READ)
    assert "edits images of 28 pixels" in stop(files["size"], "data=inrs", *READ)
    assert "an editor reads INRs: give data=inrs" in stop(files["size"], "data=digits")
    assert "none.safetensors: no such file" in stop(files["none"], "data=inrs", *READ)
    assert "give editor=FILE alone" in stop(files["size"], f"file={tmp_path}/size.safetensors")


def test_an_editor_reads_inrs(data_dir, tmp_path):
    with pytest.raises(ValueError, match="Digits lacks siren"):
        executed(tmp_path, data_dir, "experiment=inr_edit", "data=digits", *TINY)
    with pytest.raises(ValueError, match="fit_inrs fits images: data=mnist"):
        executed(tmp_path, data_dir, "experiment=fit_inrs", "data=inrs", *READ)


def hashes(folder):
    return {
        f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in folder.rglob("*")
        if f.is_file()
    }


@pytest.mark.slow
def test_killed_and_started_again_it_leaves_the_same_bytes(data_dir, tmp_path):
    command = [sys.executable, str(ROOT / "train.py"), *FIT, "inrs.fitter.steps=400"]
    command += [f"hydra.run.dir={tmp_path}/run"]

    def start(folder):
        own = [f"paths.data_dir={tmp_path}", f"inrs.folder={folder}"]
        return subprocess.Popen([*command, *own], start_new_session=True, cwd=tmp_path)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(whole).wait(120) == 0
    (tmp_path / "run").rename(tmp_path / "first_run")
    process, deadline = start(killed), time.monotonic() + 120
    while len(list((killed / "parts").glob("*.safetensors"))) < 3:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert (killed / "parts").exists()
    assert start(killed).wait(120) == 0
    assert hashes(killed) == hashes(whole)
