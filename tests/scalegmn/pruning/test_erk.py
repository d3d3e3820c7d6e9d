from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scalegmn.pruning import allocate_erk
from scalegmn.targets import VGG


def scores_of(*shapes):
    return {str(i): torch.rand(shape) for i, shape in enumerate(shapes)}


def kept(sparsity, *shapes):
    return list(allocate_erk(scores_of(*shapes), sparsity).values())


def test_three_layers_by_hand():
    # 4 + 2 + 3 + 3 = 12 of 72 entries, 14 of 48, 6 of 8; at 75 %, 32 of 128 are kept: eps = 1.
    assert kept(0.75, (4, 2, 3, 3), (6, 8), (4, 2)) == [12, 14, 6]
    # 64 kept would be eps = 2, and the last layer 12 of 8: it stays dense, 56 are for 26.
    eps = Fraction(56, 26)
    assert [int(12 * eps), int(14 * eps)] == [25, 30]
    # 25.85 and 30.15: the missing one goes to the first.
    assert kept(0.5, (4, 2, 3, 3), (6, 8), (4, 2)) == [26, 30, 8]


def test_what_stays_dense_can_make_others_dense():
    # 113 kept: at eps = 113/32 the last two would have 49 of 48 and 21 of 8; 57 are left for 72.
    assert kept(0.12, (4, 2, 3, 3), (6, 8), (4, 2)) == [57, 48, 8]
    # 80 kept: at eps = 2.5 only the last has 15 of 8, but then the second has 38.8 of 38.
    assert kept(0.32, (4, 2, 3, 3), (2, 19), (4, 2)) == [80 - 46 + 1, 38, 8]


def test_a_one_by_one_convolution_counts_its_kernel_and_a_bias_its_length():
    # (4, 4, 1, 1): 10, (4, 4): 8, (6,): 6; 12 of 38 are kept, eps = 1/2.
    assert kept(1 - 12 / 38, (4, 4, 1, 1), (4, 4), (6,)) == [5, 4, 3]


@given(
    shapes=st.lists(
        st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple), min_size=1, max_size=6
    ),
    sparsity=st.one_of(
        st.floats(0, 1, exclude_max=True), st.integers(0, 99).map(lambda percent: percent / 100)
    ),
)
def test_densities_are_in_proportion_where_they_are_below_one(shapes, sparsity):
    scores = scores_of(*shapes)
    counts = allocate_erk(scores, sparsity)
    total = sum(s.numel() for s in scores.values())
    assert list(counts) == list(scores)
    assert sum(counts.values()) == total - int(total * sparsity)
    open_ = {n: s for n, s in scores.items() if counts[n] < s.numel()}
    assert all(0 <= counts[n] <= s.numel() for n, s in scores.items())
    ratios = [(counts[n] - 1, counts[n] + 1, sum(s.shape)) for n, s in open_.items()]
    # One epsilon is within a rounding of all of them, and at least what dense layers would need.
    low = max((below / axes for below, _, axes in ratios), default=0)
    high = min((above / axes for _, above, axes in ratios), default=float("inf"))
    assert low < high
    dense = [s.numel() / sum(s.shape) for n, s in scores.items() if n not in open_]
    assert all(need - 1 < high for need in dense)


def test_nothing_is_pruned_at_zero_and_almost_all_near_one():
    assert kept(0.0, (3, 5), (2, 2)) == [15, 4]
    assert sum(kept(1 - 1e-9, (3, 5), (2, 2))) == 1


@pytest.mark.parametrize("sparsity", [0.9, 0.99])
def test_small_layers_of_vgg_stay_dense_and_large_ones_are_sparsest(sparsity):
    params = {n: p for n, p in VGG(19).named_parameters() if p.ndim > 1}
    density = {n: k / params[n].numel() for n, k in allocate_erk(params, sparsity).items()}
    small, large = ["features.0.weight", "classifier.6.weight"], "features.34.weight"
    assert min(density[name] for name in small) > 1 - sparsity > density[large]
    assert density[large] == min(density.values()) and max(density, key=density.get) in small
    assert sparsity > 0.9 or all(density[name] == 1 for name in small)
