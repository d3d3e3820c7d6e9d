"""torch.compile follows the metanetwork without falling back.

In processes of their own: the type checks that pytest weaves in are not for compilers.
"""

import subprocess
import sys

import pytest

START = """
import torch
from torch.testing import assert_close
from scalegmn import readout
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional, Operator
from scalegmn.nn import Architecture, Bidirectional
from scalegmn.targets import SmallCNN
from scalegmn.testing import random_networks

graph = NetworkGraph.from_module(SmallCNN(width=3), torch.zeros(1, 1, 32, 32))
networks = random_networks(graph, 2)
"""

ONE_GRAPH = """
arch = Architecture(d=4, num_layers=2, direction=Bidirectional())
functional = Functional(graph, arch, readout=readout.last_layer)
expected = functional(graph, networks)
functional.gnn.compile(backend="eager", fullgraph=True)
assert_close(functional(graph, networks), expected)
"""

SAME_GRADIENTS = """
operator = Operator(graph, Architecture(d=4, num_layers=1))
network = {name: value[0] for name, value in networks.items()}

def gradients():
    total = torch.cat([v.flatten() for v in operator(graph, network).values()]).square().sum()
    return torch.autograd.grad(total, list(operator.parameters()))

expected = gradients()
operator.compile(backend="aot_eager")
assert_close(gradients(), expected)
assert not any("_orig_mod" in name for name in operator.state_dict())
"""


@pytest.mark.parametrize("code", [ONE_GRAPH, SAME_GRADIENTS], ids=["one graph", "same gradients"])
def test_compiled(code):
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", START + code],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
