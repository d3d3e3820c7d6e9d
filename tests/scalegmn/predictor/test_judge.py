import pytest
import torch
from torch.testing import assert_close

from scalegmn.nn import Architecture
from scalegmn.predictor import AccuracyPredictor, Metanetwork, StatNN, lower_bound
from scalegmn.predictor.judge import Trusting
from scalegmn.predictor.lower_bound import LowerBound
from scalegmn.predictor.trust_region import TrustRegion
from scalegmn.symmetry import PermScale
from tests.networks import batch_of, graph_of

SMALL = Metanetwork(Architecture(d=4, num_layers=2, skip=True, dropout=0.1, preserve_size=True))


def predictors(n, recipe=SMALL):
    made = []
    for seed in range(n):
        torch.manual_seed(seed)
        made.append(AccuracyPredictor(recipe, graph_of()).eval().requires_grad_(False))
    return made


@pytest.fixture
def params():
    batch = batch_of(1, sparsity=0.5)
    return {name: p[0].clone().requires_grad_() for name, p in batch.parameters.items()}


def gradients(value, params):
    return dict(zip(params, torch.autograd.grad(value, list(params.values())), strict=True))


@pytest.mark.parametrize("in_turn", [0, 8])
def test_a_bound_is_the_mean_less_deviations_and_so_is_its_gradient(in_turn, params, monkeypatch):
    monkeypatch.setattr(lower_bound, "IN_TURN", in_turn)
    members, graph = predictors(4), graph_of()
    judge = LowerBound(members, k=1.5)
    each = torch.stack([member(graph, params) for member in members])
    assert_close(judge.members(graph, params), each)
    expected = each.mean() - 1.5 * each.std()
    found = judge(graph, params)
    assert_close(found, expected)
    assert_close(judge.predict(graph, params), each.mean())
    assert_close(gradients(found, params), gradients(expected, params), rtol=1e-3, atol=1e-6)
    assert each.std() > 1e-3


@pytest.mark.parametrize(("n", "expected"), [(2, 2), (9, 1)])
def test_many_members_run_as_one_call(n, expected, params, monkeypatch):
    members, graph = predictors(n), graph_of()
    judge, calls = LowerBound(members, k=1.0), []
    forward = type(members[0].reader).forward
    monkeypatch.setattr(
        type(members[0].reader), "forward", lambda *a, **k: calls.append(1) or forward(*a, **k)
    )
    judge(graph, params)
    assert len(calls) == expected


def test_equal_members_have_a_finite_gradient(params):
    (member,) = predictors(1)
    judge, graph = LowerBound([member, member], k=2.0), graph_of()
    found = gradients(judge(graph, params), params)
    assert_close(found, gradients(member(graph, params), params), rtol=1e-3, atol=1e-6)


def test_judges_see_no_symmetry(params, float64):
    graph = graph_of()
    params = {name: p.detach().double() for name, p in params.items()}
    moved = PermScale.sample(graph, spread=10.0).on_parameters(params)
    members = [member.double() for member in predictors(3)]
    zoo = {name: p.double() for name, p in batch_of(20).parameters.items()}
    region = TrustRegion(members[0], zoo, weight=1.0, radius=0.1)
    assert region(graph, params) < region.predict(graph, params)
    for judge in (Trusting(members[0]), LowerBound(members, k=1.0), region):
        assert_close(judge(graph, moved), judge(graph, params), rtol=0, atol=1e-10)


def test_the_state_of_a_bound_is_saved(params):
    graph = graph_of()
    ours, theirs = (LowerBound(predictors(4)[part], k=1.0) for part in (slice(2), slice(2, 4)))
    assert ours(graph, params) != theirs(graph, params)
    ours.load_state_dict(theirs.state_dict())
    assert ours(graph, params) == theirs(graph, params)


@pytest.mark.parametrize(
    ("members", "k", "message"),
    [
        (predictors(1), 1.0, "an ensemble needs at least two predictors, got 1"),
        ([*predictors(1), *predictors(1, StatNN())], 1.0, "members of an ensemble .* are alike"),
        (predictors(2), -1.0, "guard.k must be"),
    ],
)
def test_what_is_no_ensemble_is_refused(members, k, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        LowerBound(members, k=k)


def test_inside_a_trust_region_nothing_is_taken_off_and_outside_the_more_the_farther(params):
    (member,), graph = predictors(1), graph_of()
    zoo = batch_of(50, seed=3).parameters
    region = TrustRegion(member, zoo, weight=2.0, radius=2.0)
    distances = region.distance(graph, zoo)
    assert distances.mean() == pytest.approx(49 / 50, rel=0.01)
    near = {name: p[int(distances.argmin())] for name, p in zoo.items()}
    assert region(graph, near) == region.predict(graph, near)
    # All kernels of one sign: no scale makes such a network of one with both.
    far = {name: p.abs() for name, p in near.items()}
    distance = region.distance(graph, far)
    assert distance > 4.0
    assert_close(region(graph, far), region.predict(graph, far) - 2.0 * (distance - 4.0))


def test_the_way_back_into_a_trust_region_is_its_gradient(params):
    (member,), graph = predictors(1), graph_of()
    region = TrustRegion(member, batch_of(50, seed=3).parameters, weight=1.0, radius=0.5)
    before = region.distance(graph, params)
    steps = gradients(before, params)
    moved = {name: p - 1e-3 * steps[name] for name, p in params.items()}
    assert region.distance(graph, moved) < before


@pytest.mark.parametrize(
    ("networks", "options", "message"),
    [
        (1, {}, "a trust region needs at least two networks, got 1"),
        (5, {"weight": -1.0}, "guard.weight must be"),
        (5, {"radius": 0.0}, "guard.radius must be"),
    ],
)
def test_what_is_no_region_is_refused(networks, options, message):
    (member,), zoo = predictors(1), batch_of(networks).parameters
    with pytest.raises(ValueError, match=f"^{message}"):
        TrustRegion(member, zoo, **{"weight": 1.0, "radius": 1.0, **options})
