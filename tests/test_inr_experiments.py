"""INRs from the first to the last line: fitted, edited, classified, evaluated."""

import json
import sys
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir

import evaluate
from pipelines import launch
from pipelines.evaluate_editor import evaluate_editor
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
    # While it is trained, and at the end.
    assert {tag for some in tags for tag in some} == {"examples", "edited"}


@pytest.mark.parametrize("choice", ["model/operator=mlp", "model/symmetry=permutation"])
def test_other_editors_are_choices(data_dir, tmp_path, choice):
    results = executed(tmp_path, data_dir, "experiment=inr_edit", choice, *READ, *TINY)
    assert results.metrics["test_mse"] > 0


@pytest.mark.parametrize("reader", ["scalegmn", "scalegmn_full_graph", "mlp", "statnn"])
def test_a_classifier_is_trained_and_measured(data_dir, tmp_path, reader):
    choice = f"model/reader@model.recipe={reader}"
    results = executed(tmp_path, data_dir, "experiment=inr_classify", choice, *READ, *TINY)
    assert 0 <= results.metrics["test_acc"] <= 1 and results.metrics["train_inrs"] == 12


def test_an_editor_s_file_is_evaluated_on_its_kind_of_inrs_only(data_dir, tmp_path):
    config = MetanetworkEditor(Architecture(kind=Sign(), d=4, num_layers=1))
    for name, siren, size in (("hidden", Siren(1, (4, 5)), 32), ("size", Siren(1, (4, 4)), 28)):
        editor = INRImageEditor(config, siren, size, Identity())
        save_editor(tmp_path / f"{name}.safetensors", editor, {})

    where = [f"paths.data_dir={data_dir}", f"paths.run_dir={tmp_path}/run"]
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        inrs = compose("evaluate", overrides=["data=inrs", *READ, *where])
        digits = compose("evaluate", overrides=["data=digits", *where])

    def stop(cfg, name):
        cfg.editor = f"{tmp_path}/{name}.safetensors"
        with pytest.raises((ValueError, FileNotFoundError)) as caught:
            evaluate_editor(cfg)
        assert "\n" not in str(caught.value)
        return str(caught.value)

    assert "hidden.safetensors edits SIRENs with" in stop(inrs, "hidden")
    assert "edits images of 28 pixels" in stop(inrs, "size")
    assert "an editor reads INRs: give data=inrs" in stop(digits, "size")
    assert "none.safetensors: no such file" in stop(inrs, "none")


def test_an_editor_is_evaluated_alone(tmp_path, monkeypatch):
    own = ["editor=a.safetensors", "file=b.safetensors", f"hydra.run.dir={tmp_path}"]
    monkeypatch.setattr(sys, "argv", ["evaluate.py", *own])
    with pytest.raises(SystemExit, match="give editor=FILE alone"):
        launch.command(evaluate.main)


def test_an_editor_reads_inrs(data_dir, tmp_path):
    with pytest.raises(ValueError, match="Digits lacks siren"):
        executed(tmp_path, data_dir, "experiment=inr_edit", "data=digits", *TINY)
    with pytest.raises(ValueError, match="fit_inrs fits images: data=mnist"):
        executed(tmp_path, data_dir, "experiment=fit_inrs", "data=inrs", *READ)
