import pytest
import torch
from torch import nn

from scalegmn.nn import Architecture, Hetero
from scalegmn.predictor import AccuracyPredictor, Metanetwork, RawMLP, StatNN
from tests.networks import batch_of, graph_of

RECIPES = [Metanetwork(Architecture(d=4, num_layers=2)), StatNN(d=8), RawMLP(d=8)]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_an_accuracy_per_network_one_by_one_or_in_a_batch(recipe):
    graph, networks = graph_of(), batch_of(5)
    predictor = AccuracyPredictor(recipe, graph)
    together = predictor(graph, networks.parameters, networks.sign)
    assert together.shape == (5,) and together.dtype == torch.float32
    assert ((together > 0) & (together < 1)).all()
    for i in range(5):
        alone = predictor(graph, {name: t[i] for name, t in networks.parameters.items()})
        assert alone.shape == ()
        torch.testing.assert_close(alone, together[i])
    logit = predictor.logit(graph, networks.parameters)
    torch.testing.assert_close(logit.sigmoid(), together)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_it_has_a_gradient_in_the_parameters_that_it_reads(recipe):
    graph = graph_of()
    theta = {k: v[0].requires_grad_() for k, v in batch_of(1, sparsity=0.9).parameters.items()}
    AccuracyPredictor(recipe, graph)(graph, theta).backward()
    assert all(t.grad.isfinite().all() for t in theta.values())
    assert any((t.grad != 0).any() for t in theta.values())


@pytest.mark.parametrize(
    ("recipe", "fits", "message"),
    [
        (RECIPES[0], {"width": 6}, "reads networks with 1 input channels, 3 hidden layers, 3 outp"),
        (RECIPES[1], {"width": 6, "num_classes": 5}, "4 layers and 8 parameter tensors"),
        (RECIPES[2], {}, "reads networks with 3.. parameters, weights of shapes .4, 1, 3, 3."),
    ],
    ids=["ScaleGMN", "StatNN", "MLP"],
)
def test_other_architectures_are_read_where_that_means_something(recipe, fits, message):
    predictor = AccuracyPredictor(recipe, graph_of())
    predictor.check(graph_of(**fits))
    deeper = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5)
    )
    other = type(graph_of()).from_module(deeper, torch.zeros(1, 1, 32, 32))
    with pytest.raises(ValueError, match=message):
        predictor(other, dict(deeper.named_parameters()))


def test_another_number_of_classes_is_one_clear_line():
    graph = graph_of(num_classes=5)
    with pytest.raises(ValueError, match="3 outputs.*; got one with .* 5 outputs") as error:
        AccuracyPredictor(RECIPES[0], graph_of()).check(graph)
    assert "\n" not in str(error.value)


def test_the_activation_of_each_network_counts_for_hetero():
    predictor = AccuracyPredictor(Metanetwork(Architecture(kind=Hetero(), d=4)), graph_of())
    parameters, graph = batch_of(3).parameters, graph_of()
    sign = torch.tensor([True, False, True])
    mixed = predictor.logit(graph, parameters, sign)
    relu = predictor.logit(graph, parameters)
    tanh = predictor.logit(graph_of(nn.Tanh), parameters)
    torch.testing.assert_close(mixed, torch.where(sign, tanh, relu))
    assert (relu != tanh).any()
