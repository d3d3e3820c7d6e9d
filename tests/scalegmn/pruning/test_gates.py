import math

import pytest
import torch
from torch.testing import assert_close

from scalegmn.pruning import Gates, HardConcrete, TopK


def drawn(gates, scores, seed=0):
    return gates.sample({"w": scores}, torch.Generator().manual_seed(seed))["w"]


@pytest.mark.usefixtures("float64")
def test_gates_are_stretched_and_clamped_concrete_variables():
    gates = HardConcrete(slope=2.0, start=0.5, temperature=0.4, low=-0.2, high=1.3)
    scores = torch.randn(3, 5)
    u = torch.rand(3, 5, generator=torch.Generator().manual_seed(0))
    s = 1 / (1 + torch.exp(-(torch.log(u / (1 - u)) + 2 * scores + 0.5) / 0.4))
    expected = torch.clamp(1.3 * s - 0.2 * (1 - s), 0, 1)
    assert_close(drawn(gates, scores), expected)
    fixed = torch.clamp(
        1.3 * torch.sigmoid(2 * scores + 0.5) - 0.2 * torch.sigmoid(-2 * scores - 0.5), 0, 1
    )
    assert_close(gates.fixed({"w": scores})["w"], fixed)


def test_as_many_are_open_as_are_expected():
    gates = HardConcrete(slope=1.0, start=0.0)
    scores = torch.linspace(-4, 4, 9).repeat(4000, 1)
    found = drawn(gates, scores)
    assert (found == 0).any() and (found == 1).any()
    share = (found != 0).float().mean(0)
    for column, fraction in zip(scores[0], share, strict=True):
        expected = float(gates.expected_open({"w": column[None]}))
        assert float(fraction) == pytest.approx(expected, abs=0.03)
    total = float(gates.expected_open({"w": scores, "v": scores}))
    assert total == pytest.approx(2 * 4000 * float(gates.expected_open({"w": scores[0]})), rel=1e-4)


def test_gates_are_nearly_open_at_high_scores_and_close_exactly():
    gates = HardConcrete()
    assert gates.fixed({"w": torch.full((1,), 0.4)})["w"] > 0.95
    assert gates.fixed({"w": torch.tensor([-20.0])})["w"] == 0
    assert gates.fixed({"w": torch.tensor([20.0])})["w"] == 1
    assert drawn(gates, torch.full((100,), -20.0)).eq(0).all()


@pytest.mark.usefixtures("float64")
def test_gradients_are_those_of_the_formula_and_zero_at_the_ends():
    gates = HardConcrete(slope=1.0, start=0.0)
    scores = torch.tensor([-0.3, 0.0, 0.7, -50.0, 50.0], requires_grad=True)

    def value(x):
        return drawn(gates, x, seed=3)

    assert torch.autograd.gradcheck(value, (scores,))
    (gradient,) = torch.autograd.grad(value(scores).sum(), scores)
    inside = (value(scores) > 0) & (value(scores) < 1)
    assert inside[:3].any() and torch.equal(gradient > 0, inside)
    (slope,) = torch.autograd.grad(gates.expected_open({"w": scores}), scores)
    shift = 2 / 3 * math.log(0.1 / 1.1)
    p = torch.sigmoid(scores.detach() - shift)
    assert_close(slope, p * (1 - p))


def test_the_generator_decides():
    gates, scores = HardConcrete(slope=1.0, start=0.0), torch.zeros(50)
    assert torch.equal(drawn(gates, scores), drawn(gates, scores))
    assert not torch.equal(drawn(gates, scores), drawn(gates, scores, seed=1))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"temperature": 1.0}, "temperature must be a number above 0 and below 1, got 1.0"),
        ({"low": 0.0}, "low must be a number below 0, got 0.0"),
        ({"high": 1.0}, "high must be a number above 1, got 1.0"),
        ({"slope": 0.0}, "slope must be a number above 0, got 0.0"),
        ({"start": math.inf}, "start must be a number, got inf"),
    ],
)
def test_numbers_out_of_range_are_refused(given, message):
    with pytest.raises(ValueError, match=f"^model.gates.{message}$"):
        HardConcrete(**given)


def test_the_highest_scores_are_open_at_a_sparsity_that_is_drawn():
    gates = TopK(sparsity=[0.2, 0.8])
    assert isinstance(gates, Gates) and isinstance(HardConcrete(), Gates)
    scores = {"w": torch.randn(60, 10), "v": torch.randn(400)}
    every = torch.cat([score.flatten() for score in scores.values()])
    shares = []
    for seed in range(200):
        found = gates.sample(scores, torch.Generator().manual_seed(seed))
        flat = torch.cat([gate.flatten() for gate in found.values()])
        assert ((flat == 0) | (flat == 1)).all()
        assert every[flat == 1].min() > every[flat == 0].max()
        shares.append(float((flat == 0).float().mean()))
    assert min(shares) == pytest.approx(0.2, abs=0.02)
    assert max(shares) == pytest.approx(0.8, abs=0.02)
    assert sum(shares) / 200 == pytest.approx(0.5, abs=0.05)
    fixed = gates.fixed(scores)
    assert sum(int((gate == 0).sum()) for gate in fixed.values()) == 500
    assert float(gates.expected_open(scores)) == pytest.approx(500)


def test_gradients_of_chosen_gates_go_straight_through():
    gates = TopK()
    scores = torch.randn(7, requires_grad=True)
    factors = torch.randn(7)
    (gradient,) = torch.autograd.grad((factors * drawn(gates, scores)).sum(), scores)
    assert torch.equal(gradient, factors)
    assert not gates.expected_open({"w": scores}).requires_grad


@pytest.mark.parametrize("sparsity", [[0.5], [0.9, 0.5], [-0.1, 0.5], [0.5, 1.0]], ids=str)
def test_what_is_no_interval_of_sparsities_is_refused(sparsity):
    with pytest.raises(ValueError, match=r"^model\.gates\.sparsity"):
        TopK(sparsity=sparsity)
