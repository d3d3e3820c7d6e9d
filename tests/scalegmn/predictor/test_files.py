import pytest
import torch

from scalegmn.formats import read_metadata, save_network
from scalegmn.nn import Architecture, Bidirectional
from scalegmn.predictor import (
    AccuracyPredictor,
    Metanetwork,
    RawMLP,
    StatNN,
    load_predictor,
    save_predictor,
)
from tests.networks import batch_of, graph_of

RECIPES = [
    Metanetwork(Architecture(d=4, num_layers=2, direction=Bidirectional(), dropout=0.5)),
    StatNN(d=8),
    RawMLP(d=8, dropout=0.5),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_a_predictor_says_the_same_when_it_is_read_again(recipe, tmp_path):
    graph, networks = graph_of(), batch_of(3)
    predictor = AccuracyPredictor(recipe, graph).eval()
    file = tmp_path / "predictor.safetensors"
    save_predictor(file, predictor, {"dataset": "cifar10"})
    loaded = load_predictor(file)
    assert loaded.recipe == recipe and loaded.graph == graph and not loaded.training
    said = loaded(graph, networks.parameters)
    assert torch.equal(said, predictor(graph, networks.parameters))
    assert read_metadata(file)["dataset"] == "cifar10"


def test_a_file_that_holds_something_else_is_refused(tmp_path):
    file = tmp_path / "network.safetensors"
    with pytest.raises(FileNotFoundError, match="no such file"):
        load_predictor(file)
    state = RECIPES[1].build(graph_of()).state_dict()
    save_network(file, state, {"target": "small_cnn"})
    with pytest.raises(ValueError, match=r"network.safetensors: no predictor; expected"):
        load_predictor(file)
    save_network(file, state, {"recipe": "{}", "graph": "[]"})
    with pytest.raises(ValueError, match="made by another version"):
        load_predictor(file)
    save_network(file, state, {"recipe": "[]", "graph": "[]"})
    with pytest.raises(ValueError, match="describe something else"):
        load_predictor(file)
    file.write_bytes(b"short")
    with pytest.raises(ValueError, match="truncated"):
        load_predictor(file)


@pytest.mark.parametrize(
    ("key", "old", "new", "message"),
    [
        ("recipe", '"d": 8', '"d": 1000000000', "its reader has more than .* parameters, and it"),
        ("recipe", '"num_layers": 2', '"num_layers": 10000000000', "its reader has more than"),
        ("recipe", '"d": 8', '"d": -8', "recipe.d must be a whole number"),
        ("recipe", '"dropout": 0.0', '"dropout": 2.5', "dropout must be a number .*below 1"),
        ("graph", '"source": 0', '"source": 99', "joins groups that are not there"),
        ("graph", '"source": 0', '"source": -5', "joins groups that are not there"),
        ("graph", '"n_out": ', '"n_out": 7', "joins groups of other sizes"),
        ("graph", '"groups": [', '"groups": [], "unused": [', "made by another version"),
        ("splits", "[", "[5, ", "its list of splits is damaged"),
        ("splits", "[", "{", "its list of splits is not JSON"),
    ],
)
def test_nothing_is_built_that_a_file_only_claims(tmp_path, key, old, new, message):
    file = tmp_path / "predictor.safetensors"
    predictor = AccuracyPredictor(RECIPES[1], graph_of())
    predictor.splits = [{"zoo": "cifar10", "by": "cifar10_split.csv"}]
    save_predictor(file, predictor, {})
    metadata = read_metadata(file)
    assert old in metadata[key]
    metadata[key] = metadata[key].replace(old, new, 1)
    save_network(file, predictor.reader.state_dict(), metadata)
    with pytest.raises(ValueError, match=message) as error:
        load_predictor(file)
    assert "\n" not in str(error.value) and str(error.value).startswith(f"{file}: ")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_the_bound_on_parameters_is_one(recipe):
    graph = graph_of()
    parameters = sum(p.numel() for p in recipe.build(graph).parameters())
    assert parameters / 50 < recipe.least_parameters(graph) <= parameters
