"""Which files ``evaluate.py`` takes for what, with a predictor that nobody trained."""

import json
import sys

import numpy as np
import pytest
import torch

import evaluate
from pipelines import launch
from scalegmn.graph import NetworkGraph
from scalegmn.nn import Architecture, Hetero
from scalegmn.predictor import AccuracyPredictor, Metanetwork, StatNN, save_predictor
from scalegmn.targets import SmallCNN

TANH = "+target.net.activation={_target_: torch.nn.Tanh, _partial_: true}"


@pytest.fixture
def files(tmp_path):
    row = np.random.default_rng(0).normal(size=4970).astype(np.float32)
    np.save(tmp_path / "row.npy", row / 3)
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    hetero = Metanetwork(Architecture(kind=Hetero(), d=4, num_layers=2))
    for name, recipe in (("hetero", hetero), ("statnn", StatNN(d=4))):
        said = {"dataset": "cifar10_zoo"}
        save_predictor(tmp_path / f"{name}.safetensors", AccuracyPredictor(recipe, graph), said)
    return tmp_path


@pytest.fixture
def evaluated(files, monkeypatch):
    def command(*overrides):
        given = [o.replace("=FOLDER", f"={files}") for o in overrides]
        argv = ["evaluate.py", *given, f"hydra.run.dir={files}/run"]
        monkeypatch.setattr(sys, "argv", argv)
        launch.command(evaluate.main)
        return json.loads((files / "run" / "evaluation.json").read_text())["predicted_acc"]

    return command


ROW, HETERO, STATNN = "FOLDER/row.npy", "FOLDER/hetero.safetensors", "FOLDER/statnn.safetensors"


def test_a_predictor_of_both_activations_asks_which(evaluated):
    pair = (f"predictor={HETERO}", f"network={ROW}")
    for target in ([], ["target=small_cnn"]):
        with pytest.raises(SystemExit, match=r"row.npy does not say which activation .*nn\.Tanh"):
            evaluated(*pair, *target)
    assert evaluated(*pair, TANH) != evaluated(*pair, TANH.replace("Tanh", "ReLU"))
    evaluated(f"predictor={STATNN}", f"network={ROW}")


@pytest.mark.parametrize("predictor", [HETERO, STATNN])
def test_a_network_too_large_to_be_read_is_refused_with_the_limit(predictor, evaluated, files):
    row = np.load(files / "row.npy")
    row[-1] = 1e20
    np.save(files / "row.npy", row)
    message = r"row\.npy: fc\.weight makes values of 1\.0e\+20: .* at most 1\.8e\+15"
    with pytest.raises(SystemExit, match=message):
        evaluated(f"predictor={predictor}", f"network={ROW}", TANH)


MINE = """
from scalegmn.nn import Message


class Sent(Message):
    def __init__(self, spec, *, factor: float = 1.0):
        super().__init__(spec.roles)
        self.factor = factor

    def message(self, x_j, e, x_i, role):
        return self.factor * x_j.h
"""


def test_a_message_function_of_ones_own_is_named_on_the_command_line(evaluated, files, monkeypatch):
    (files / "my_messages.py").write_text(MINE)
    monkeypatch.syspath_prepend(files)
    import my_messages

    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    config = Metanetwork(Architecture(message=my_messages.Sent, d=4, num_layers=2))
    save_predictor(files / "mine.safetensors", AccuracyPredictor(config, graph), {})
    pair = ("predictor=FOLDER/mine.safetensors", f"network={ROW}")
    asks = r"mine.safetensors: its messages are of class my_messages.Sent, .*messages=\[my_mess"
    with pytest.raises(SystemExit, match=asks):
        evaluated(*pair)
    assert 0 < evaluated(*pair, "messages=[my_messages.Sent]") < 1
    for name, message in (("my_messages.Other", "cannot be imported"), ("os.system", "expected a")):
        with pytest.raises(SystemExit, match=rf"messages={name}: {message}"):
            evaluated(*pair, f"messages=[{name}]")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ([f"file={STATNN}"], "statnn.safetensors is a predictor: give it as predictor="),
        ([f"predictor={STATNN}", f"network={HETERO}"], "hetero.safetensors is a predictor: give"),
        ([f"file={ROW}", f"predictor={STATNN}"], "give either file=FILE, or predictor=FILE"),
    ],
)
def test_files_of_another_kind_are_named(overrides, message, evaluated):
    with pytest.raises(SystemExit, match=message):
        evaluated(*overrides)
