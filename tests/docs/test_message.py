"""The worked example of docs/extend/message.md works as it stands there."""

import re
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn
from torch.testing import assert_close
from torch_geometric.data import Batch

from scalegmn import readout
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Forward,
    Hetero,
    Permutation,
    Scale,
    Sign,
)
from scalegmn.predictor import AccuracyPredictor, Metanetwork, load_predictor, save_predictor
from scalegmn.symmetry import PermScale
from scalegmn.testing import enlarge_, random_networks, symmetry_error
from tests.networks import batch_of, graph_of

ROOT = Path(__file__).parents[2]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "docs/extend/message.md").read_text(), re.S)
PYTHON = [text for language, text in BLOCKS if language == "python"]
(YAML,) = [text for language, text in BLOCKS if language == "yaml"]
COMMAND, EVALUATE = [text for language, text in BLOCKS if language == "bash"]


@pytest.fixture(scope="module")
def attention(tmp_path_factory):
    """The page's class, in a module that Python finds."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "attention.py").write_text(PYTHON[0])
    sys.path.insert(0, str(folder))
    try:
        import attention

        yield attention.AttentionMessage
    finally:
        sys.path.remove(str(folder))
        del sys.modules["attention"]


@pytest.mark.usefixtures("float64", "attention")
def test_the_test_of_the_page_passes():
    names = {}
    exec(PYTHON[2], names)
    names["test_the_operator_is_exactly_symmetric"]()


def test_the_command_composes(attention, tmp_path):
    folder = tmp_path / "model" / "message"
    folder.mkdir(parents=True)
    (folder / "attention.yaml").write_text(YAML)
    _, _, given, *overrides = COMMAND.split()
    assert given == "--config-dir=my_conf"
    where = f"hydra.searchpath=[file://{tmp_path}]"
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        cfg = compose("train", overrides=[where, "paths.run_dir=-", *overrides])
    arch = instantiate(cfg.architecture, _convert_="all")
    assert arch.message.cls is attention and arch.message.options == (("temperature", 0.5),)
    operator = Operator(graph_of(), arch)
    assert [layer.msg.temperature for layer in operator.gnn.layers] == [0.5, 0.5]


KINDS = [(Scale(), nn.ReLU), (Sign(), nn.Tanh), (Hetero(), nn.ReLU), (Permutation(), nn.GELU)]
DIRECTIONS = [Forward(), Bidirectional(), BidirectionalInverse()]


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: type(d).__name__)
@pytest.mark.parametrize(("kind", "activation"), KINDS, ids=str)
def test_is_exact_in_every_path(attention, kind, activation, direction, monkeypatch):
    graph = graph_of(activation)
    arch = Architecture(
        kind=kind, direction=direction, d=6, num_layers=2, message=partial(attention)
    )
    functional = Functional(graph, arch, readout=readout.full_graph, d_out=2)
    operator = Operator(graph, arch)
    networks = random_networks(graph, 3)
    for model in (functional, operator):
        assert any(isinstance(part, attention) for part in model.modules())
        enlarge_(model, graph)
        assert symmetry_error(model, graph, networks, PermScale.sample(graph)) <= 1e-9
    wanted = [p for model in (functional, operator) for p in model.parameters()]

    def results():
        value, new = functional(graph, networks), operator(graph, networks)
        total = value.sin().sum() + sum(v.sin().sum() for v in new.values())
        return value, new, torch.autograd.grad(total, wanted, materialize_grads=True)

    merged = results()
    monkeypatch.setattr("scalegmn.nn.execution.dense.FEW_EDGES", 0)
    assert_close(results(), merged)
    monkeypatch.setattr("scalegmn.nn.execution.dense.MANY_NUMBERS", 0)
    monkeypatch.setattr("scalegmn.nn.execution.recompute.CHUNK", 200)
    assert_close(results(), merged)
    singles = [{k: v[i] for k, v in networks.items()} for i in range(3)]
    data = Batch.from_data_list([graph.to_pyg(one) for one in singles])
    assert_close(functional.on_pyg(data), merged[0])
    d_V, d_E = operator.on_pyg(data)
    x_V, x_E = graph.features(networks)
    assert_close(graph.parameters(x_V + d_V.view_as(x_V), x_E + d_E.view_as(x_E)), merged[1])


def test_a_predictor_with_it_is_written_and_read(attention, tmp_path, monkeypatch):
    arch = Architecture(message=partial(attention, temperature=0.5), d=4, num_layers=2)
    assert arch == Architecture(message=partial(attention, temperature=0.5), d=4, num_layers=2)
    graph = graph_of()
    predictor = AccuracyPredictor(Metanetwork(arch), graph).eval()
    file = tmp_path / "predictor.safetensors"
    save_predictor(file, predictor, {})
    with pytest.raises(ValueError, match=r"messages=\[attention\.AttentionMessage\]$"):
        load_predictor(file)
    assert "'messages=[attention.AttentionMessage]'" in EVALUATE
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(PYTHON[1], names)
    loaded = names["predictor"]
    assert loaded.recipe == predictor.recipe
    networks = batch_of(3).parameters
    assert torch.equal(loaded(graph, networks), predictor(graph, networks))
