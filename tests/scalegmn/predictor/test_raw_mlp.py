import torch

from scalegmn.predictor import RawMLP
from tests.networks import batch_of, graph_of


def test_it_reads_every_parameter():
    graph, networks = graph_of(), batch_of(2).parameters
    reader = RawMLP(d=16).build(graph)
    theta = {name: t.clone().requires_grad_() for name, t in networks.items()}
    out = reader(graph, theta)
    assert out.shape == (2, 1)
    out.sum().backward()
    assert all((t.grad != 0).all() for t in theta.values())


def test_it_has_no_symmetry():
    graph, networks = graph_of(), batch_of(2).parameters
    reader = RawMLP(d=16).build(graph)
    flipped = networks | {"features.0.weight": networks["features.0.weight"].flip(1)}
    assert not torch.allclose(reader(graph, flipped), reader(graph, networks))
