from functools import partial

import pytest
from torch import nn

from pipelines.methods import OneShot
from scalegmn.pruning import allocate_globally, allocate_uniformly, random


@pytest.mark.parametrize("allocate", [allocate_globally, allocate_uniformly])
def test_a_mask_within_another_brings_nothing_back(allocate):
    net = nn.Sequential(nn.Linear(9, 7), nn.Linear(7, 5))
    one, other = (
        OneShot(name="random", score=partial(random, seed=seed), allocate=allocate)
        for seed in (1, 2)
    )
    outer = one.mask(one.scores(net, ()), 0.4)
    scores = other.scores(net, ())
    free, inner = other.mask(scores, 0.7), other.mask(scores, 0.7, outer)
    assert inner.sparsity == free.sparsity == int(98 * 0.7) / 98
    revived = {n: bool((free.keep[n] & ~outer.keep[n]).any()) for n in outer.keep}
    assert any(revived.values())
    assert not any((inner.keep[n] & ~outer.keep[n]).any() for n in outer.keep)
