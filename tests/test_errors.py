"""Mistakes of the user: one clear line, an exit code, and nothing half-written."""

import re
import sys

import numpy as np
import pytest
import torch

import evaluate
import report
import train
from pipelines import launch
from scalegmn.targets import SmallCNN

ZOO = ("experiment=build_zoo", "data=digits")
PRUNED_ZOO = ("experiment=build_pruned_zoo", "data=digits")
ONE_SHOT = "experiment=baseline_magnitude"
REWIND = ("experiment=baseline_imp", "pruner=imp_rewind")


@pytest.fixture
def end(monkeypatch, tmp_path):
    """How a command ends: its last words. It may not leave anything."""

    def end(*arguments, script=train):
        folder = tmp_path / "run"
        before = sorted(folder.rglob("*"))
        argv = [f"{script.__name__}.py", *map(str, arguments), f"hydra.run.dir={folder}"]
        if script is train:
            argv.append(f"paths.dense_dir={tmp_path}/shared")
        monkeypatch.setattr(sys, "argv", argv)
        with pytest.raises(SystemExit) as stop:
            launch.command(script.main)
        assert sorted(folder.rglob("*")) == before
        assert folder.exists() == bool(before)
        assert isinstance(stop.value.code, str) and "\n" not in stop.value.code
        return stop.value.code

    return end


@pytest.fixture
def files(tmp_path):
    """Networks that are wrong in different ways."""
    state = SmallCNN().state_dict()
    torch.save(state, tmp_path / "good.pt")
    content = (tmp_path / "good.pt").read_bytes()
    (tmp_path / "truncated.pt").write_bytes(content[: len(content) // 2])
    torch.save(SmallCNN(width=8).state_dict(), tmp_path / "narrow.pt")
    state["fc.bias"][3] = torch.nan
    torch.save(state, tmp_path / "nan.pt")
    np.save(tmp_path / "row.npy", np.zeros(4000, dtype=np.float32))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["foo=1"], "error: no key foo (+foo= gives one to an object that takes it)"),
        (
            ["sparsit=0.9"],
            "error: no key sparsit (+sparsit= gives one to an object that takes it); ",
        ),
        (["selection.gague=raw"], "; did you mean selection.gauge?"),
        (["experiment=eq_prune_small_cnn", "model.l1_wieght=1"], "did you mean model.l1_weight?"),
        (["-m", "finetune.lrs=1,2"], "; did you mean finetune.lr?"),
        (["guard=null"], "guard=null: choose one of conservative, ensemble, none, on_policy, "),
        (["experiment=nope"], "Could not find 'experiment/nope' Available options"),
        (["hydra/launcher=nope"], 'come with pip install -e ".[sweeps]"'),
        (["trainer.max_epochs=abc"], "error: trainer.max_epochs='abc': expected"),
        (["sparsity=1.0"], "sparsity must be at least 0 and below 1, got 1.0"),
        (["num_threads=0"], "num_threads=0: expected a whole number above 0"),
        (["sparsity=[0.5,-0.1]"], "sparsity must be at least 0 and below 1, got -0.1"),
        (["finetune.lr=0.0"], "finetune.lr must be above 0"),
        (["data.batch_size=0"], "data.batch_size must be a whole number, at least 1, got 0"),
        (["experiment=finetune_small_cnn", "method=nope"], "method=nope: unknown"),
        (["experiment=finetune_small_cnn", "data=digits", "method=magnitud"], "mean magnitude?"),
        (["target=vgg19", "target.net.depth=12"], "no VGG of depth 12; the depths are 11, 13, 16"),
        (["trainer.accelerator=quantum"], "quantum"),
        (["ckpt_path=none.ckpt"], "ckpt_path=none.ckpt: no such file"),
        (["data=small_cnn_zoo", "paths.data_dir=none"], "error: none/cifar10: no such folder; get"),
        (
            ["experiment=baseline_imp", "pruner.rounds=0"],
            "pruner.rounds must be a whole number, at",
        ),
        (["experiment=baseline_imp", "pruner.lr=[1e-3,0]"], "pruner.lr must be above 0, got 0"),
        (["experiment=baseline_gmp", "pruner.ramp=2"], "pruner.ramp must be a number above 0 and"),
        (["experiment=baseline_l1", "pruner.l1_weight=0"], "pruner.l1_weight must be above 0, got"),
        ([*REWIND, "pruner.rewind.weights=none"], "pruner.rewind.weights=none: no such file"),
        ([*REWIND, "pruner.rewind.fraction=1"], "pruner.rewind.fraction must be a number above 0"),
        ([*ZOO, "zoo.networks=0"], "error: zoo.networks must be a whole number, at least 1, got 0"),
        ([*ZOO, "zoo.networks=many"], "error: zoo.networks='many': expected int"),
        ([*ZOO, "zoo.ranges.optimizer=[lion]"], "'lion' is not one of adam, rmsprop, sgd"),
        ([*ZOO, "zoo.ranges.dropout=[]"], "zoo.ranges.dropout is empty"),
        ([*ZOO, "data.augment=true"], "build_zoo does not augment images"),
        ([*PRUNED_ZOO, "zoo.base=/nowhere"], "error: /nowhere: no such folder; get a zoo with"),
        ([*PRUNED_ZOO, "zoo.sparsity=[0.5]"], "zoo.sparsity: expected [lower, upper]"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_mistakes_in_the_command(end, arguments, message):
    assert message in end(*arguments)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("root=foo", "error: no key root (+root= gives one to an object that takes it); did you"),
        ("roots=5", "error: roots=5: expected str"),
        ("roots=[5]", "error: roots=[5]: expected str"),
        ("output_dir=null", "error: output_dir=None: expected str"),
        ("roots=nowhere", "no results of a network, a predictor or INRs below nowhere: run an exp"),
    ],
)
def test_mistakes_in_the_command_of_a_report(argument, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["report.py", argument])
    with pytest.raises(SystemExit, match=re.escape(message)) as stop:
        launch.command(report.main)
    assert "\n" not in stop.value.code and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.pt", "missing.pt: no such file"),
        ("truncated.pt", "truncated.pt: truncated"),
        (
            "narrow.pt",
            "narrow.pt: features.0.weight has shape (8, 1, 3, 3), expected (16, 1, 3, 3)",
        ),
        ("nan.pt", "nan.pt: fc.bias holds NaN or infinity in 1 of 10 places"),
        ("row.npy", "row.npy"),
    ],
)
def test_mistakes_in_the_file_of_a_network(end, files, name, message):
    assert message in end(ONE_SHOT, "data=digits", f"target.weights={files / name}")
    assert message in end(f"file={files / name}", "data=digits", script=evaluate)


def test_a_given_network_is_not_rewound_without_its_early_weights(end, files):
    weights = f"target.weights={files / 'good.pt'}"
    message = "its early weights are unknown, to which pruner=imp_rewind goes back: give pruner.rew"
    assert message in end(*REWIND, "data=digits", weights)


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """That of a short run."""
    folder = tmp_path / "first"
    command = ["train.py", "experiment=train_small_cnn", "data=digits", "debug=smoke"]
    monkeypatch.setattr(sys, "argv", [*command, "trainer.max_epochs=1", f"hydra.run.dir={folder}"])
    launch.command(train.main)
    return folder / "checkpoints" / "last.ckpt"


def test_checkpoints_that_cannot_be_continued(end, checkpoint, tmp_path):
    wrong = tmp_path / "wrong.ckpt"
    command = ["experiment=train_small_cnn", "data=digits", "debug=smoke", f"ckpt_path={wrong}"]
    content = checkpoint.read_bytes()
    wrong.write_bytes(content[: len(content) // 2])
    assert f"ckpt_path={wrong}: truncated, or no checkpoint of a run" in end(*command)
    torch.save(SmallCNN().state_dict(), wrong)
    assert "no checkpoint of a run, lacks state_dict" in end(*command)
    wrong.write_bytes(content)
    assert (
        "a run of another model: net.fc.weight is of shape (10, 16), expected of shape (10, 8"
        in end(*command, "target.net.width=8")
    )


def test_a_run_whose_own_checkpoint_is_damaged_says_so(end, checkpoint, tmp_path):
    own = tmp_path / "run" / "checkpoints" / "last.ckpt"
    own.parent.mkdir(parents=True)
    own.write_bytes(checkpoint.read_bytes()[:1000])
    assert f"{own}: truncated, or no checkpoint of a run; delete it to start the run anew" in end(
        "experiment=train_small_cnn", "data=digits", "debug=smoke"
    )


UNREADABLE = """
from torch import nn


def build():
    return nn.Sequential(nn.ConvTranspose2d(1, 10, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


def test_an_unsupported_layer_is_named_before_anything_is_trained(end, tmp_path):
    (tmp_path / "mine.py").write_text(UNREADABLE)
    command = (
        "experiment=eq_prune_custom",
        "data=digits",
        f"target.factory={tmp_path}/mine.py:build",
    )
    said = end(*command, "debug=smoke")
    assert "scalegmn_eq needs the graph of the target" in said and "ConvTranspose2d" in said
    assert not (tmp_path / "shared").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["baseline_imp", "selection.min_per_layer=3000"], "keeps 492 entries, but min_per_layer="),
        (["baseline_gmp", "selection.min_per_layer=3000"], "keeps 492 entries, but min_per_layer="),
        (
            ["inv_prune_small_cnn", "guard=trust_region", "guard.zoo.folder=/no"],
            "error: /no: no such",
        ),
        (
            ["inv_prune_small_cnn", "guard=on_policy", "guard.zoo.folder=/no"],
            "error: /no: no such",
        ),
    ],
)
def test_what_cannot_end_well_is_refused_before_anything_is_trained(
    end, arguments, message, tmp_path
):
    experiment, *others = arguments
    assert message in end(f"experiment={experiment}", "data=digits", *others)
    assert not (tmp_path / "shared").exists()


def test_missing_and_damaged_images(end, tmp_path):
    where = ["experiment=train_small_cnn", f"paths.data_dir={tmp_path}", "data.download=false"]
    assert "no CIFAR-10 in" in end(*where)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / f"{name}.bin").write_bytes(bytes(3073 * 4))
    (folder / "data_batch_3.bin").write_bytes(bytes(3073 * 4 - 1))
    assert "data_batch_3.bin is truncated" in end(*where)


def test_a_folder_of_another_run_is_left_alone(end, tmp_path, files, monkeypatch):
    first = [ONE_SHOT, "data=digits", "debug=smoke", f"target.weights={files / 'good.pt'}"]
    monkeypatch.setattr(sys, "argv", ["train.py", *first, f"hydra.run.dir={tmp_path / 'run'}"])
    launch.command(train.main)
    assert "holds a run of another config" in end(*first, "seed=1")


def test_a_finished_run_shows_its_table_again(tmp_path, files, monkeypatch, capsys):
    command = [ONE_SHOT, "data=digits", "debug=smoke", f"target.weights={files / 'good.pt'}"]
    monkeypatch.setattr(sys, "argv", ["train.py", *command, f"hydra.run.dir={tmp_path / 'run'}"])
    launch.command(train.main)
    first = capsys.readouterr().out
    results = (tmp_path / "run" / "results.json").read_bytes()
    launch.command(train.main)
    again = capsys.readouterr().out.splitlines()
    assert again[1] == f"finished before, skipped: {tmp_path / 'run'}"
    assert set(again) - {again[1]} < set(first.splitlines()) and "dense" in first
    assert (tmp_path / "run" / "results.json").read_bytes() == results


def test_a_first_run_that_fails_leaves_no_folder_of_its_experiment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["train.py", ONE_SHOT, "data=digits", "target.weights=no.pt"])
    with pytest.raises(SystemExit):
        launch.command(train.main)
    assert [path.name for path in tmp_path.rglob("*")] == ["outputs"]


def test_an_interrupt_is_no_error_but_ends_the_process():
    def interrupted():
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            sys.exit(1)  # as Lightning does

    with pytest.raises(SystemExit) as stop:
        launch.command(interrupted)
    assert stop.value.code == 130


def test_a_bug_shows_its_traceback():
    def buggy():
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        launch.command(buggy)
