import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scalegmn.pruning import (
    Mask,
    allocate_globally,
    allocate_uniformly,
    make_mask,
    make_nested_mask,
)


def scores(seed, sizes=(3, 40, 7)):
    generator = torch.Generator().manual_seed(seed)
    return {f"{i}": torch.rand(n, 1, generator=generator) for i, n in enumerate(sizes)}


def pruned(mask):
    return sum(int((~keep).sum()) for keep in mask.keep.values())


def nested(inner, outer):
    return not any((inner.keep[name] & ~outer.keep[name]).any() for name in outer.keep)


@given(
    seed=st.integers(0, 99),
    first=st.floats(0, 0.99),
    step=st.floats(0, 1),
    allocate=st.sampled_from([allocate_globally, allocate_uniformly]),
    min_per_layer=st.sampled_from([0, 0, 1]),
)
def test_nothing_comes_back_and_counts_are_exact(seed, first, step, allocate, min_per_layer):
    second = first + step * (0.99 - first)
    if 50 - int(50 * second) < 3 * min_per_layer:
        return
    options = {"allocate": allocate, "min_per_layer": min_per_layer}
    outer = make_mask(scores(seed), first, **options)
    inner = make_nested_mask(scores(seed + 1), second, outer, **options)
    assert pruned(outer) == int(50 * first) and pruned(inner) == int(50 * second)
    assert nested(inner, outer)
    assert all(int(keep.sum()) >= min_per_layer for keep in inner.keep.values())


def test_the_lowest_scores_of_what_is_left_go():
    outer = Mask({"a": torch.tensor([True, False, True, True, True, False])})
    rated = {"a": torch.tensor([3.0, 9.0, 1.0, 5.0, 2.0, 9.0])}
    inner = make_nested_mask(rated, 4 / 6, outer)
    assert inner.keep["a"].tolist() == [True, False, False, True, False, False]


def test_of_equal_zeros_those_that_are_pruned_stay_pruned():
    outer = Mask({"a": torch.tensor([True, True, False, False])})
    inner = make_nested_mask({"a": torch.zeros(4)}, 0.75, outer)
    assert inner.keep["a"].tolist() == [False, True, False, False]


def test_where_rounding_would_bring_entries_back_others_stay_instead():
    outer = Mask({"a": torch.tensor([True, False]), "b": torch.ones(4, dtype=torch.bool)})
    rated = {"a": torch.tensor([1.0, 2.0]), "b": torch.tensor([4.0, 1.0, 3.0, 2.0])}
    inner = make_nested_mask(rated, 0.5, outer, allocate=lambda s, sparsity: {"a": 2, "b": 1})
    assert inner.keep["a"].tolist() == [True, False]
    assert inner.keep["b"].tolist() == [True, False, True, False]


def test_less_than_is_pruned_already_is_refused():
    outer = Mask({"a": torch.tensor([True, False, False, False])})
    with pytest.raises(ValueError, match=r"sparsity 0.5 is less than is pruned already: 3 entries"):
        make_nested_mask({"a": torch.rand(4)}, 0.5, outer)


def test_a_mask_of_other_parameters_is_refused():
    with pytest.raises(ValueError, match="the mask to prune within covers b"):
        make_nested_mask({"a": torch.rand(2)}, 0.5, Mask({"b": torch.ones(2, dtype=torch.bool)}))
