import math

import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import NetworkGraph
from scalegmn.inr import Fitter, canonical_phases, initial_parameters, pixel_grid
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture, Sign
from scalegmn.readout import full_graph
from scalegmn.symmetry import PermScale
from scalegmn.targets import Siren
from scalegmn.testing import enlarge_


@pytest.fixture
def siren(float64):
    return Siren(1, (6, 5), w0=30.0)


def drawn(siren, count=4, largest_bias=1.0):
    """Parameters with phases of many half turns."""
    params = initial_parameters(siren, range(count))
    for _, bias, _ in siren.sine_layers:
        params[bias] = largest_bias * (2 * torch.rand_like(params[bias]) - 1)
    return params


def shifted(siren, params, turns):
    """The same functions, each phase half turns further, and the next weights with the sign."""
    out = dict(params)
    for (_, bias, after), k in zip(siren.sine_layers, turns, strict=True):
        out[bias] = out[bias] + k * math.pi / siren.w0
        out[after] = out[after] * (1 - 2 * (k % 2)).unsqueeze(-2)
    return out


def half_turns(siren, params):
    return torch.cat([params[bias] for _, bias, _ in siren.sine_layers], -1) * siren.w0 / math.pi


def test_the_function_stays_the_same(siren):
    params, x = drawn(siren), pixel_grid(9, 9)
    canonical = canonical_phases(siren, params)
    assert_close(siren.evaluate(canonical, x), siren.evaluate(params, x), rtol=0, atol=1e-12)
    assert (half_turns(siren, params).abs() > 5).any()
    assert (half_turns(siren, canonical).abs() <= 0.5 + 1e-5).all()


def test_the_last_layer_s_bias_is_not_a_phase(siren):
    params = drawn(siren)
    params["seq.2.bias"] += 100.0
    assert_close(canonical_phases(siren, params)["seq.2.bias"], params["seq.2.bias"])


def test_a_second_pass_changes_nothing(siren):
    once = canonical_phases(siren, drawn(siren, 100))
    twice = canonical_phases(siren, once)
    assert all(torch.equal(once[n], twice[n]) for n in once)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("quarter", [-0.5, 0.5, 1.5, 7.5, -3.5])
def test_a_phase_of_a_quarter_turn_stays_where_it_was_put(siren, quarter, dtype):
    params = {n: t.to(dtype) for n, t in drawn(siren).items()}
    for _, bias, _ in siren.sine_layers:
        params[bias] = torch.full_like(params[bias], quarter * math.pi / siren.w0)
    once = canonical_phases(siren, params)
    twice = canonical_phases(siren, once)
    assert all(torch.equal(once[n], twice[n]) for n in once)
    assert_close(half_turns(siren, once), torch.full((4, 11), 0.5, dtype=dtype))


def test_networks_that_differ_in_half_turns_become_equal(siren):
    params = drawn(siren)
    turns = [torch.randint(-5, 6, (4, width)).double() for width in (6, 5)]
    other = shifted(siren, params, turns)
    a, b = canonical_phases(siren, params), canonical_phases(siren, other)
    assert all((a[n] - b[n]).abs().max() <= 1e-12 for n in a)
    assert (other["seq.0.bias"] - params["seq.0.bias"]).abs().max() > 0.1


def test_phases_within_the_interval_are_left_alone(siren):
    params = drawn(siren, largest_bias=0.4 * math.pi / 30)
    canonical = canonical_phases(siren, params)
    assert all(torch.equal(canonical[n], params[n]) for n in params)


def test_it_commutes_with_permutations_and_signs(siren):
    graph = NetworkGraph.from_module(siren, torch.zeros(1, 2), input_feature=1.0)
    params, g = drawn(siren), PermScale.sample(graph)
    a = canonical_phases(siren, g.on_parameters(params))
    b = g.on_parameters(canonical_phases(siren, params))
    assert all((a[n] - b[n]).abs().max() <= 1e-12 for n in a)


def test_the_frequency_counts(float64):
    """Unlike in the published script, which leaves these phases of ten turns alone."""
    slow, fast = Siren(1, (3,), w0=1.0), Siren(1, (3,), w0=30.0)
    params = {**slow.state_dict(), "seq.0.bias": torch.full((3,), 1.0)}
    assert torch.equal(canonical_phases(slow, params)["seq.0.bias"], params["seq.0.bias"])
    assert (canonical_phases(fast, params)["seq.0.bias"].abs() <= math.pi / 60).all()


def test_what_a_metanetwork_reads_depends_on_signs_and_phases_no_more(siren):
    """On fitted SIRENs: signs, permutations and half turns change the output to rounding only."""
    start = drawn(siren, 3)
    params = Fitter(20).fit(siren, start, torch.rand(3, 1, 6, 6, dtype=torch.float64))
    graph = NetworkGraph.from_module(siren, torch.zeros(1, 2), input_feature=1.0)
    arch = Architecture(kind=Sign(), d=8, num_layers=3)
    functional = Functional(graph, arch, readout=full_graph, d_out=3).double()
    enlarge_(functional, graph)

    def read(p):
        return functional(graph, canonical_phases(siren, p)).detach()

    turns = [torch.randint(-5, 6, (3, width)).double() for width in (6, 5)]
    other = PermScale.sample(graph).on_parameters(shifted(siren, params, turns))
    spread = read(params).std(0).mean()
    assert spread > 1e-4
    assert (read(other) - read(params)).abs().max() <= 1e-9 * spread
    before = (functional(graph, other) - functional(graph, params)).abs().max()
    assert before > 1e-3 * spread
