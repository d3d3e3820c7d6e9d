from functools import partial

import torch

from scalegmn.pruning import keep_shuffled, keep_top, magnitude


def test_every_layer_keeps_its_sparsity_but_not_its_entries():
    params = {"a": torch.randn(30, 40), "b": 3 * torch.randn(20, 10)}
    own = keep_top(magnitude(params), 0.7)
    choose = partial(keep_shuffled, selection=keep_top, seed=1)
    shuffled = choose(magnitude(params), 0.7)
    for name in params:
        assert shuffled.keep[name].sum() == own.keep[name].sum()
        assert not torch.equal(shuffled.keep[name], own.keep[name])
    again = choose(magnitude(params), 0.7)
    assert all(torch.equal(again.keep[name], shuffled.keep[name]) for name in params)
