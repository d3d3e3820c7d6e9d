"""``export.py`` from end to end, and ``evaluate.py`` on what it leaves."""

import json
import re
import sys

import pytest
import torch
from safetensors.torch import load_file
from torch.testing import assert_close

import evaluate
import export
from pipelines import launch, notebook, speed
from pipelines.pretrained import pretrained
from pipelines.tensor_hash import tensor_hash
from reporting import DenseRow, PrunedRow, Results
from scalegmn.formats import load_state, read_metadata, save_network
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning import SparsityCount
from scalegmn.targets import ResNet, SmallCNN

NETWORK = {"_target_": "scalegmn.targets.SmallCNN", "dropout": 0.0, "width": 4}
ABOUT = {
    "target": "small_cnn",
    "dataset": "digits",
    "network": json.dumps(NETWORK),
    "method": "magnitude",
    "sparsity": "0.5",
}
QUICK = [
    *("report=true", "num_threads=1", "measure.rounds=2", "measure.batch_sizes=[1,3]"),
    *("measure.warm_up=0.01", "measure.block=0.001"),
]


@torch.no_grad()
def pruned(net=None):
    """Half of the weights are zero, and two channels of the second layer."""
    torch.manual_seed(0)
    net = net or SmallCNN(width=4)
    for p in net.parameters():
        p *= torch.rand_like(p) > 0.5 if p.ndim > 1 else 1
    net.features[3].weight[:2] = 0
    net.features[3].bias[:2] = 0
    return net


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run that pruned a network."""
    folder = tmp_path_factory.mktemp("run")
    net = pruned()
    save_network(folder / "pruned_50.safetensors", net.state_dict(), ABOUT)
    count = SparsityCount.of(net.state_dict())
    row = PrunedRow(sparsity=0.5, test_acc=0.6, nonzero=count.nonzero, file="pruned_50.safetensors")
    dense = DenseRow(test_acc=0.7, saw_validation=False)
    results = Results(
        experiment="baseline_magnitude", method="magnitude", target="small_cnn", dataset="digits",
        seed=3, dense=dense, pruned=(row,),
    )  # fmt: skip
    results.write(folder / "results.json")
    return folder


def called(script, folder, *overrides):
    """Run a command in this process; its last words, or the folder of what it left."""
    argv = [f"{script.__name__}.py", *map(str, overrides), f"hydra.run.dir={folder}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", argv)
        try:
            launch.command(script.main)
        except SystemExit as stop:
            assert isinstance(stop.code, str) and "\n" not in stop.code
            return stop.code
    return folder


@pytest.fixture
def command(tmp_path):
    """Run a command that may fail, and then leaves nothing."""

    def command(script, *overrides):
        folder = tmp_path / script.__name__
        end = called(script, folder, *overrides)
        assert isinstance(end, type(folder)) or not list(folder.glob("[!e]*"))
        return end

    return command


@pytest.fixture(scope="module")
def compact(run, tmp_path_factory):
    """The folder of an export without dead channels, with a report."""
    folder = tmp_path_factory.mktemp("compact")
    given = ("format=safetensors", "licence=mit", *QUICK)
    with pytest.MonkeyPatch.context() as patch:
        # Without ONNX Runtime, which tests/pipelines/speed has.
        for module in (speed.report, speed.timings):
            patch.setattr(module, "PACKAGES", ("no_such_package",))
        return called(export, folder, f"file={run / 'pruned_50.safetensors'}", *given)


def test_a_compact_network_is_written_with_its_architecture(compact):
    exported = compact / "pruned_50.safetensors"
    record = json.loads((compact / "export.json").read_text())
    assert record["removed_channels"]["features.3"] == [4, 2]
    assert record["after"]["macs"] < record["before"]["macs"]
    assert record["largest_difference"] <= record["tolerance"] == 1e-5
    assert record["exported_bytes"] == exported.stat().st_size
    architecture = json.loads((compact / "architecture.json").read_text())
    assert architecture["sizes"]["features.3.weight"] == [2, 4, 3, 3]
    assert architecture["network"]["width"] == 4
    assert architecture["input"]["shape"] == ["batch", 1, 32, 32]
    assert json.loads(read_metadata(exported)["sizes"]) == architecture["sizes"]
    net = pretrained(SmallCNN(width=4), weights=str(exported))
    assert sum(p.numel() for p in net.parameters()) == record["after"]["parameters"]
    x = torch.randn(3, 1, 32, 32)
    assert_close(net(x), pruned()(x))


def test_it_can_be_exported_again_and_evaluated(run, compact, command):
    again = command(export, f"file={compact / 'pruned_50.safetensors'}", "format=sparse")
    record = json.loads((again / "export.json").read_text())
    assert record["removed_channels"] == {} and record["before"] == record["after"]
    found = []
    for network in (run / "pruned_50.safetensors", again / "pruned_50.sparse"):
        folder = command(evaluate, f"file={network}", "trainer.limit_test_batches=1")
        found.append(json.loads((folder / "evaluation.json").read_text()))
    before, after = found
    assert after["test_acc"] == before["test_acc"]
    assert after["test_loss"] == pytest.approx(before["test_loss"], rel=1e-5)
    assert after["parameters"] < before["parameters"] and after["macs"] < before["macs"]


def test_what_is_made_of_it_stays_compact(compact, tmp_path):
    exported = compact / "pruned_50.safetensors"
    notebook.run(
        "experiment=baseline_magnitude", "data=digits", "target.net.width=4", "sparsity=0.8",
        f"target.weights={exported}", "debug=smoke", "logger=none", folder=tmp_path,
    )  # fmt: skip
    made = tmp_path / "pruned_80.safetensors"
    assert read_metadata(made)["sizes"] == read_metadata(exported)["sizes"]
    net = pretrained(SmallCNN(width=4), weights=str(made))
    assert net.features[3].out_channels == 2


def test_its_report_compares_networks(compact):
    report = json.loads((compact / "report.json").read_text())
    sizes = report["sizes"]
    assert sizes.keys() == {"dense", "pruned", "compact", "fewer channels"}
    assert sizes["dense"]["nonzero"] > sizes["pruned"]["nonzero"]
    assert sizes["pruned"]["macs"] == sizes["dense"]["macs"] > sizes["compact"]["macs"]
    settings = {(t["engine"], t["batch_size"], t["network"]) for t in report["timings"]}
    assert settings >= {("PyTorch", batch, name) for batch in (1, 3) for name in sizes}
    assert {t["threads"] for t in report["timings"] if t["device"] == "cpu"} == {1}
    assert report["rounds"] == 2
    text = (compact / "report.md").read_text()
    assert "1.00 (1.00 to 1.00)" in text and "no_such_package is not installed" in text


def test_its_card_says_what_the_results_say(compact):
    card = (compact / "README.md").read_text()
    for fact in ("license: mit", "**method**: magnitude", "60.00 %", "**seeds**: 3", "70.00 %"):
        assert fact in card


def test_with_compact_false_all_zeros_stay(run, command):
    file = run / "pruned_50.safetensors"
    folder = command(export, f"file={file}", "format=sparse", "compact=false")
    loaded = load_state(folder / "pruned_50.sparse", SmallCNN(width=4))
    assert all(torch.equal(loaded[name], t) for name, t in load_file(file).items())
    assert "sizes" not in read_metadata(folder / "pruned_50.sparse")


MODEL = """
import torch
from torch import nn

def build(width=4):
    return nn.Sequential(
        nn.Conv2d(1, width, 3, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64 * width, 10)
    )

def shuffled():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, 4), nn.ChannelShuffle(2), nn.Flatten(), nn.Linear(256, 10)
    )
"""


@pytest.fixture
def custom(tmp_path):
    """The file of a network that a user's function makes, and the function."""
    model = tmp_path / "my_model.py"
    model.write_text(MODEL)
    names = {}
    exec(MODEL, names)
    network = {
        "_target_": "pipelines.custom_target.custom_target",
        "factory": f"{model}:build",
        "arguments": {"width": 3},
    }
    about = {"target": "custom", "dataset": "digits", "network": json.dumps(network)}
    net = names["build"](width=3)
    net[3].weight.data[:, :64] = 0
    save_network(tmp_path / "net.safetensors", net.state_dict(), about)
    save_network(tmp_path / "shuffled.safetensors", names["shuffled"]().state_dict(), about)
    return tmp_path


def test_a_network_of_ones_own_is_built_by_the_function_that_the_user_names(custom, command):
    given = ["target=custom", f"target.factory={custom}/my_model.py:build"]
    folder = command(export, f"file={custom}/net.safetensors", *given, "format=torch")
    architecture = json.loads((folder / "architecture.json").read_text())
    assert architecture["network"]["arguments"] == {"width": 3}  # of the file
    assert architecture["network"]["factory"].endswith("my_model.py:build")
    assert architecture["sizes"]["0.weight"] == [2, 1, 3, 3]
    program = torch.export.load(folder / "net.pt2").module()
    assert program(torch.zeros(7, 1, 32, 32)).shape == (7, 10)


def test_no_accuracy_is_told_of_another_function_than_the_file_s(custom, command, run):
    (custom / "results.json").write_text((run / "results.json").read_text())
    (custom / "others.py").write_text(MODEL)
    given = ["target=custom", f"target.factory={custom}/others.py:build", "format=safetensors"]
    folder = command(export, f"file={custom}/net.safetensors", *given)
    card = (folder / "README.md").read_text()
    assert re.search(r"test accuracy\W+missing: the file names \S+build as what makes its", card)


def test_a_file_cannot_choose_the_function(custom, command):
    last = command(export, f"file={custom}/net.safetensors", "format=sparse")
    assert "which no file may: give target=custom target.factory=" in last


@pytest.mark.parametrize("arguments", [{"_target_": "os.getcwd"}, {"width": "${seed}"}])
def test_a_file_cannot_pass_more_than_plain_arguments(arguments, custom, command):
    about = read_metadata(custom / "net.safetensors")
    network = {**json.loads(about["network"]), "arguments": arguments}
    state = load_file(custom / "net.safetensors")
    save_network(custom / "net.safetensors", state, {**about, "network": json.dumps(network)})
    given = ["target=custom", f"target.factory={custom}/my_model.py:build", "format=sparse"]
    last = command(export, f"file={custom}/net.safetensors", *given)
    assert "which no file may: give target=custom target.arguments=" in last


def test_channels_that_cannot_be_removed_are_named_with_the_way_out(custom, command):
    given = ["target=custom", f"target.factory={custom}/my_model.py:shuffled", "format=sparse"]
    last = command(export, f"file={custom}/shuffled.safetensors", *given, "target.arguments={}")
    assert re.search(r"ChannelShuffle.*; or give compact=false$", last)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "give file=FILE, the network to export"),
        (["file=none.safetensors"], "none.safetensors: no such file"),
        (["file={run}/pruned_50.safetensors", "format=caffe"], "Could not find 'format/caffe'"),
        (["file={run}/pruned_50.safetensors", "tolerance=0"], "tolerance must be a number above"),
        (["file={run}/pruned_50.safetensors", "input_shape=[1,28]"], "expected [channels, height"),
    ],
    ids=["nothing", "no file", "format", "tolerance", "shape"],
)
def test_mistakes_are_one_line(given, message, run, command):
    assert message in command(export, *(g.format(run=run) for g in given))


def test_a_file_is_not_written_over_itself(run):
    file = run / "pruned_50.safetensors"
    before = file.read_bytes()
    last = called(export, run, f"file={file}", "format=safetensors")
    assert "would be written over itself" in last and file.read_bytes() == before


def test_a_dense_network_has_its_accuracy_where_its_run_folded_its_normalisation(tmp_path):
    torch.manual_seed(0)
    net = ResNet(20, in_channels=1).eval()
    about = {"target": "resnet20", "dataset": "digits"}
    save_network(tmp_path / "dense.safetensors", net.state_dict(), about)
    for measured in (net, fold_batch_norm(net)):
        dense = DenseRow(
            test_acc=0.4321, saw_validation=False, hash=tensor_hash(measured.state_dict())
        )
        facts = {"target": "resnet20", "dataset": "digits", "seed": 1, "dense": dense}
        Results(experiment="e", method="dense", **facts).write(tmp_path / "results.json")
        folder = called(
            export, tmp_path / "out", f"file={tmp_path}/dense.safetensors", "format=sparse"
        )
        assert "43.21 %" in (folder / "README.md").read_text()
