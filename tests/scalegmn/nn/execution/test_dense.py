import pytest
import torch
from torch.testing import assert_close

from scalegmn import readout
from scalegmn.graph import EdgeBlock, NetworkGraph, NodeGroup, Role
from scalegmn.graph.groups import NO_FACTOR, POSITIVE
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture, Bidirectional
from scalegmn.nn.execution.dense import blocks_needed
from scalegmn.targets import SmallCNN
from scalegmn.testing import random_networks


@pytest.fixture(scope="module")
def graph():
    return NetworkGraph.from_module(SmallCNN(width=4), torch.zeros(1, 1, 32, 32))


def test_layers_need_the_blocks_that_reach_what_is_read(graph):
    needed = blocks_needed(graph, 3, (Role.OUTPUT,), both_ways=False)
    assert needed == [[1, 2, 3], [2, 3], [3]]


def test_both_ways_reach_further(graph):
    needed = blocks_needed(graph, 3, (Role.INPUT, Role.OUTPUT), both_ways=True)
    assert needed == [[0, 1, 2, 3], [0, 1, 2, 3], [0, 3]]


@pytest.mark.parametrize("num_layers", [1, 2, 3, 5])
@pytest.mark.parametrize("both_ways", [False, True])
def test_what_is_not_computed_is_not_needed(graph, num_layers, both_ways):
    """Weights that no layer needs can change without changing the value."""
    arch = Architecture(d=5, num_layers=num_layers)
    if both_ways:
        arch = Architecture(d=5, num_layers=num_layers, direction=Bidirectional())
    functional = Functional(graph, arch, readout=readout.last_layer).double()
    networks = {k: v.double() for k, v in random_networks(graph, 3).items()}
    roles = functional.readout.roles
    first = blocks_needed(graph, num_layers, roles, both_ways=both_ways)[0]
    unread = [graph.blocks[k].weight for k in range(len(graph.blocks)) if k not in first]
    assert (len(unread) > 0) == (num_layers < (2 if both_ways else 4))
    other = networks | {name: torch.rand_like(networks[name]) for name in unread}
    assert_close(functional(graph, other), functional(graph, networks), rtol=0, atol=0)
    # Of those that are needed, each one counts.
    for k in first:
        name = graph.blocks[k].weight
        changed = networks | {name: 3 * torch.rand_like(networks[name])}
        assert not torch.equal(functional(graph, changed), functional(graph, networks))


@pytest.fixture
def residual():
    """A stream of two channels that a branch of three reads and adds to."""
    groups = (
        NodeGroup("input", 2, Role.INPUT, NO_FACTOR),
        NodeGroup("stream", 2, Role.HIDDEN, POSITIVE, "stream.bias"),
        NodeGroup("branch", 3, Role.HIDDEN, POSITIVE, "branch.bias"),
        NodeGroup("out", 4, Role.OUTPUT, NO_FACTOR, "out.bias"),
    )
    ends = [("first", 0, 1), ("down", 1, 2), ("up", 2, 1), ("last", 1, 3)]
    sizes = [group.size for group in groups]
    blocks = tuple(
        EdgeBlock(name, (sizes[t], sizes[s]), s, t, sizes[t], sizes[s]) for name, s, t in ends
    )
    return NetworkGraph(groups, blocks)


@pytest.mark.parametrize("num_layers", [1, 2, 3])
def test_layers_skip_blocks_in_the_middle(residual, num_layers):
    needed = blocks_needed(residual, num_layers, (Role.OUTPUT,), both_ways=False)
    assert needed == [[0, 1, 2, 3], [0, 2, 3], [3]][3 - num_layers :]
    arch = Architecture(d=5, num_layers=num_layers)
    functional = Functional(residual, arch, readout=readout.last_layer).double()
    networks = {k: v.double() for k, v in random_networks(residual, 3).items()}
    singles = [{k: v[n] for k, v in networks.items()} for n in range(3)]
    everything = torch.cat([functional.on_pyg(residual.to_pyg(one)) for one in singles])
    assert_close(functional(residual, networks), everything)
