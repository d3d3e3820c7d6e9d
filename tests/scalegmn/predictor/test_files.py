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
    with pytest.raises(ValueError, match="describes something else"):
        load_predictor(file)
    file.write_bytes(b"short")
    with pytest.raises(ValueError, match="truncated"):
        load_predictor(file)
