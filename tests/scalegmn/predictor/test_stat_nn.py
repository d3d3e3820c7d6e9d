import numpy as np
import torch

from scalegmn.predictor import StatNN
from scalegmn.symmetry import PermScale
from tests.networks import batch_of, graph_of


def features(graph, parameters):
    seen = []
    reader = StatNN(d=4).build(graph)
    reader.mlp = torch.nn.Module()
    reader.mlp.forward = lambda x: seen.append(x) or x[..., :1]
    reader(graph, parameters)
    return seen[0]


def test_seven_numbers_of_each_tensor():
    graph, parameters = graph_of(), batch_of(3).parameters
    found = features(graph, parameters).view(3, 8, 7)
    names = [f"{layer}.{kind}" for kind in ("weight", "bias") for layer in LAYERS]
    for i, name in enumerate(names):
        values = parameters[name].flatten(1).numpy()
        expected = [values.mean(1), values.var(1), *np.quantile(values, [0, 0.25, 0.5, 0.75, 1], 1)]
        np.testing.assert_allclose(found[:, i].numpy(), np.stack(expected, 1), rtol=1e-4, atol=1e-6)


LAYERS = ["features.0", "features.3", "features.6", "fc"]


def test_permutations_do_not_change_it_and_scalings_do(float64):
    graph = graph_of()
    parameters = {name: t.double() for name, t in batch_of(4, sparsity=0.5).parameters.items()}
    reader = StatNN(d=16).build(graph)
    g = PermScale.sample(graph)
    only_permuted = PermScale(graph, g.perm, torch.ones_like(g.scale))
    before = reader(graph, parameters)
    permuted = reader(graph, only_permuted.on_parameters(parameters))
    torch.testing.assert_close(permuted, before, rtol=1e-12, atol=1e-12)
    assert not torch.allclose(reader(graph, g.on_parameters(parameters)), before)


def test_it_has_as_many_hidden_layers_as_it_is_told():
    graph = graph_of()
    for num_layers in (1, 3):
        mlp = StatNN(d=4, num_layers=num_layers).build(graph).mlp
        assert sum(isinstance(module, torch.nn.Linear) for module in mlp) == num_layers + 1
