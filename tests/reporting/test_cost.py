from dataclasses import replace

import pytest

from reporting import PrunedRow, Run
from reporting.cost import cost_of
from reporting.networks import tabulate
from reporting.networks_parts import cost_grid


def rows(*runs):
    (section,) = tabulate(runs)
    return [row for row in section.rows if row.records]


def test_time_is_of_all_runs_of_a_dense_network_and_seed_together(run):
    facts = {"wall_seconds": 60.0, "peak_memory_mb": 500.0, "device": "cpu"}
    runs = [Run(run(1, sparsity=s, **facts)) for s in (0.6, 0.9)]
    runs.append(Run(run(2, sparsity=0.6, **facts | {"peak_memory_mb": 700.0})))
    cost = cost_of(rows(*runs))
    assert (cost.sparsities, cost.memory_mb, cost.devices) == (2, 700.0, ("cpu",))
    assert (cost.seconds.mean, cost.seconds.n) == (90.0, 2)


def test_a_run_of_two_sparsities_counts_once_and_searches_count_all_rates(run):
    one = run(1, wall_seconds=60.0)
    both = replace(one, pruned=(*one.pruned, PrunedRow(sparsity=0.6, test_acc=0.5)))
    assert cost_of(rows(Run(both))).seconds.mean == 60
    search = [
        Run(run(1, wall_seconds=60.0, val_loss=lr, finetune_lr=lr, protocol={"finetune.lr": lr}))
        for lr in (0.1, 0.01)
    ]
    assert cost_of(rows(*search)).seconds.mean == 120


def test_the_share_of_the_method_is_known_where_the_run_recorded_it(run):
    cost = cost_of(rows(Run(run(1, wall_seconds=60.0, method_seconds=15.0))))
    assert cost.method_share.mean == pytest.approx(0.25)
    assert cost_of(rows(Run(run(1, wall_seconds=60.0)))).method_share is None


def test_runs_that_compare_several_methods_have_no_time_of_their_own(run):
    one = run(1, wall_seconds=60.0)
    other = PrunedRow(sparsity=0.9, test_acc=0.5, method="random")
    found = rows(Run(replace(one, pruned=(*one.pruned, other))))
    assert all(cost_of([row]).seconds is None for row in found)


def test_a_table_of_costs_is_there_where_something_was_recorded(run):
    def grid(result):
        (section,) = tabulate([Run(result)])
        return cost_grid(section, mark_shipped=False)

    assert grid(run()) is None
    found = grid(run(wall_seconds=90.0, method_seconds=45.0))
    assert found.columns == ("method", "sparsities", "minutes", "share")
    assert [cell.text for cell in found.rows[0]] == ["magnitude", "1", "1.5", "50 %"]
