"""Forwards that people write are read rightly, or refused by name."""

import pytest
import torch

from scalegmn.graph import NetworkGraph, Role, fold_batch_norm
from scalegmn.graph.verification import moving_element
from tests.scalegmn.graph.corpus.read import READ
from tests.scalegmn.graph.corpus.refused import REFUSED

SIGNS = {(True, True): "*", (True, False): "+", (False, True): "-", (False, False): "."}


@pytest.mark.parametrize("name", READ)
def test_an_ordinary_forward_is_read(name):
    build, x, freedoms = READ[name]
    net = build()
    graph = NetworkGraph.from_module(net, x)
    hidden = [group.freedom for group in graph.groups if group.role is Role.HIDDEN]
    assert "".join(SIGNS[f.positive, f.sign] for f in hidden) == freedoms
    # Not by the check that from_module itself makes: own parameters, the example, float32.
    net = fold_batch_norm(net, x).eval()
    params = dict(net.named_parameters())
    assert graph.parameters(*graph.features(params)).keys() == params.keys()
    g = moving_element(graph, torch.Generator().manual_seed(1))
    before = net(x)
    net.load_state_dict(g.on_parameters(params), strict=False)
    after = net(x)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-4 * before.abs().max().item())
    if hidden and max(group.size for group in graph.groups[1:-1]) > 1:
        assert not torch.equal(
            g.on_parameters(params)[graph.blocks[-1].weight], params[graph.blocks[-1].weight]
        )


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_graph_cannot_express_is_refused_by_name(name, capfd):
    build, x, message = REFUSED[name]
    net = build()
    if name.startswith("layer"):
        net.eval()(x)  # makes the lazy layer
    with pytest.raises(ValueError, match=message) as error:
        NetworkGraph.from_module(net, x)
    assert "\n" not in str(error.value)
    assert not capfd.readouterr().err
