from functools import partial
from time import process_time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from scalegmn.formats import load_state
from scalegmn.pruning import (
    allocate_erk,
    allocate_globally,
    allocate_uniformly,
    magnitude,
    make_mask,
)
from scalegmn.targets import SmallCNN

ALLOCATIONS = [allocate_globally, allocate_uniformly, allocate_erk]
SELECTIONS = [partial(make_mask, allocate=allocate) for allocate in ALLOCATIONS]
selection = pytest.mark.parametrize("select", SELECTIONS, ids=["global", "per layer", "erk"])
keep_top, keep_top_uniformly, _ = SELECTIONS


def pruned(mask):
    return {name: int((~keep).sum()) for name, keep in mask.keep.items()}


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    sparsity=st.one_of(
        st.floats(0, 1, exclude_max=True), st.integers(0, 99).map(lambda percent: percent / 100)
    ),
    levels=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_exactly_the_wanted_number_is_pruned_also_among_ties(sizes, sparsity, levels, seed):
    generator = torch.Generator().manual_seed(seed)
    scores = {
        str(i): torch.randint(levels, (n,), generator=generator).float()
        for i, n in enumerate(sizes)
    }
    for select in SELECTIONS:
        mask = select(scores, sparsity)
        assert sum(pruned(mask).values()) == int(sum(sizes) * sparsity)
        assert mask.sparsity == int(sum(sizes) * sparsity) / sum(sizes)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.floats(0, 0.99))
def test_it_agrees_with_a_stable_sort(values, sparsity):
    scores = torch.tensor(values, dtype=torch.float32)
    order = torch.argsort(scores, stable=True)
    expected = torch.ones(len(values), dtype=torch.bool)
    expected[order[: int(len(values) * sparsity)]] = False
    for select in SELECTIONS:
        assert torch.equal(select({"a": scores}, sparsity).keep["a"], expected)


def test_global_allocation_compares_across_tensors_and_breaks_ties_in_their_order():
    scores = {"a": torch.tensor([[3.0, 1.0]]), "b": torch.tensor([1.0, 0.0, 1.0, 9.0])}
    mask = keep_top(scores, 0.5)
    assert mask.keep["a"].tolist() == [[True, False]]
    assert mask.keep["b"].tolist() == [False, False, True, True]


def test_each_layer_is_pruned_alike_by_the_layerwise_allocation():
    scores = {"small": torch.rand(10, 10), "large": 100 + torch.rand(30, 10)}
    assert pruned(keep_top(scores, 0.25)) == {"small": 100, "large": 0}
    assert pruned(keep_top_uniformly(scores, 0.25)) == {"small": 25, "large": 75}


def test_what_rounding_loses_is_made_up_where_it_lost_most():
    scores = {"a": torch.rand(3), "b": torch.rand(7), "c": torch.rand(5)}
    # 0.9, 2.1 and 1.5 of int(4.5) = 4.
    assert pruned(keep_top_uniformly(scores, 0.3)) == {"a": 1, "b": 2, "c": 1}


def test_shares_do_not_exceed_the_whole_by_rounding():
    # 30 * 0.7 rounds up to 21, but int(90 * 0.7) is 62.
    scores = {name: torch.rand(30) for name in "abc"}
    assert sum(pruned(keep_top_uniformly(scores, 0.7)).values()) == 62


@selection
@pytest.mark.parametrize("sparsity", [-0.1, 1.0, 1.5, 90.0, float("nan"), float("inf")])
def test_a_sparsity_outside_zero_to_one_is_refused(select, sparsity):
    with pytest.raises(ValueError, match=f"at least 0 and below 1: {sparsity}"):
        select({"a": torch.rand(5)}, sparsity)


@selection
def test_scores_that_are_nan_are_refused_by_name(select):
    scores = {"a": torch.rand(5), "b.weight": torch.tensor([0.0, float("nan")])}
    with pytest.raises(ValueError, match=r"b\.weight hold NaN"):
        select(scores, 0.5)


@selection
def test_nothing_to_prune_is_refused(select):
    with pytest.raises(ValueError, match="nothing to prune"):
        select({}, 0.5)


@selection
def test_infinite_scores_are_kept_and_none_are_pruned_at_zero(select):
    scores = {"a": torch.tensor([1.0, float("inf"), -float("inf"), 2.0])}
    assert select(scores, 0.75).keep["a"].tolist() == [False, True, False, False]
    assert select(scores, 0.0).keep["a"].all()


def test_millions_of_equal_scores_take_linear_time():
    scores = {"a": torch.zeros(2_000, 1_000)}
    start = process_time()
    mask = keep_top(scores, 0.97)
    assert process_time() - start < 2
    assert pruned(mask) == {"a": 1_940_000}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@selection
def test_a_gpu_selects_the_same(select):
    scores = {"a": torch.randint(9, (50, 40)).float(), "b": torch.randint(9, (30,)).float()}
    on_gpu = select({name: s.cuda() for name, s in scores.items()}, 0.7)
    for name, keep in select(scores, 0.7).keep.items():
        assert on_gpu.keep[name].is_cuda
        assert torch.equal(on_gpu.keep[name].cpu(), keep)


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    sparsity=st.floats(0, 0.99),
    least=st.integers(1, 8),
    seed=st.integers(0, 99),
)
def test_every_tensor_keeps_the_least_it_may_and_the_total_stays(sizes, sparsity, least, seed):
    generator = torch.Generator().manual_seed(seed)
    scores = {
        str(i): (i + 1) * torch.randint(9, (n,), generator=generator).float()
        for i, n in enumerate(sizes)
    }
    floors = {name: min(least, score.numel()) for name, score in scores.items()}
    kept = sum(sizes) - int(sum(sizes) * sparsity)
    for select in SELECTIONS:
        if kept < sum(floors.values()):
            with pytest.raises(ValueError, match=f"min_per_layer={least} needs"):
                select(scores, sparsity, min_per_layer=least)
            continue
        mask = select(scores, sparsity, min_per_layer=least).keep
        assert sum(int(keep.sum()) for keep in mask.values()) == kept
        assert all(int(keep.sum()) >= floors[name] for name, keep in mask.items())


def test_a_floor_keeps_the_best_of_its_tensor_and_takes_the_worst_of_the_others():
    scores = {
        "low": torch.tensor([0.1, 0.3, 0.2]),
        "high": torch.tensor([9.0, 8.0, 7.0, 6.0]),
        "middle": torch.tensor([4.0, 3.0, 5.0]),
    }
    mask = make_mask(scores, 0.5, min_per_layer=1).keep
    assert mask["low"].tolist() == [False, True, False]
    assert mask["high"].tolist() == [True, True, True, False]
    assert mask["middle"].tolist() == [False, False, True]


def test_a_floor_that_nobody_needs_changes_nothing():
    scores = {"a": torch.rand(30), "b": torch.rand(20)}
    for select in SELECTIONS:
        plain, floored = select(scores, 0.6), select(scores, 0.6, min_per_layer=3)
        assert all(torch.equal(plain.keep[name], floored.keep[name]) for name in scores)


def test_the_floor_counts_entries():
    with pytest.raises(ValueError, match="min_per_layer must be at least 0, got -1"):
        make_mask({"a": torch.rand(5)}, 0.5, min_per_layer=-1)


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ({"a": 3, "b": 3}, "must keep 5 of the 10 entries of a, b at sparsity 0.5"),
        ({"a": 5}, "must keep 5 of the 10"),
        ({"a": 7, "b": -2}, "a has 6 entries and cannot keep 7"),
        ({"a": 6, "b": -1}, "b has 4 entries and cannot keep -1"),
    ],
)
def test_a_wrong_allocation_is_refused(counts, message):
    scores = {"a": torch.rand(6), "b": torch.rand(4)}
    with pytest.raises(ValueError, match=message):
        make_mask(scores, 0.5, allocate=lambda scores, sparsity: counts)


def test_an_allocation_of_ones_own_is_obeyed():
    scores = {"a": torch.tensor([1.0, 2.0, 3.0]), "b": torch.tensor([9.0, 8.0, 7.0])}
    mask = make_mask(scores, 0.5, allocate=lambda scores, sparsity: {"a": 2, "b": 1})
    assert mask.keep["a"].tolist() == [False, True, True]
    assert mask.keep["b"].tolist() == [True, False, False]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("percent", "weights", "all_parameters"),
    [(60, 0.5786, 0.5808), (70, 0.7441, 0.7469), (80, 0.9568, 0.9607), (90, 1.4199, 1.4262)],
)
def test_thresholds_of_the_zoo_network(real_data, percent, weights, all_parameters):
    net = SmallCNN()
    net.load_state_dict(load_state(real_data / "zoo" / "small_cnn_best.npy", net))
    for prune_biases, threshold in ((False, weights), (True, all_parameters)):
        scores = magnitude(net, prune_biases=prune_biases)
        mask = keep_top(scores, percent / 100)
        highest = max(s[~mask.keep[name]].max().item() for name, s in scores.items())
        assert highest == pytest.approx(threshold, abs=5e-5)
