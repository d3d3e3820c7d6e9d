import pytest
import torch

from scalegmn.pruning import magnitude, random

PARAMS = {
    "conv.weight": torch.randn(4, 2, 3, 3, requires_grad=True),
    "conv.bias": torch.randn(4),
    "fc.weight": torch.randn(3, 4),
}


def test_magnitude_is_the_absolute_value_without_gradient():
    scores = magnitude(PARAMS)
    assert torch.equal(scores["conv.weight"], PARAMS["conv.weight"].detach().abs())
    assert not scores["conv.weight"].requires_grad


@pytest.mark.parametrize("score", [magnitude, lambda p, **kw: random(p, seed=0, **kw)])
def test_biases_are_prunable_on_request_only(score):
    assert list(score(PARAMS)) == ["conv.weight", "fc.weight"]
    every = score(PARAMS, prune_biases=True)
    assert {name: s.shape for name, s in every.items()} == {n: p.shape for n, p in PARAMS.items()}


def test_random_depends_on_the_seed_alone():
    scores = random(PARAMS, seed=1)["fc.weight"]
    torch.manual_seed(5)
    changed = {name: p.detach() + 1 for name, p in PARAMS.items()}
    assert torch.equal(scores, random(changed, seed=1)["fc.weight"])
    assert not torch.equal(scores, random(PARAMS, seed=2)["fc.weight"])


def test_random_draws_each_entry_independently():
    scores = random({"a": torch.empty(200, 200), "b": torch.empty(200, 200)}, seed=0)
    flat = torch.cat([s.flatten() for s in scores.values()])
    assert flat.unique().numel() == flat.numel()
    assert flat.mean().item() == pytest.approx(0.5, abs=0.01)
