from dataclasses import replace

import pytest

from reporting import DenseRow, PrunedRow, Results, tabulate
from reporting.render import title


def rows(runs):
    (rows,) = tabulate(runs).values()
    return {(row.method, row.sparsity): row for row in rows}


def test_accuracies_are_means_and_deviations_over_seeds(run):
    runs = [run(seed, test_acc=acc) for seed, acc in [(1, 0.40), (2, 0.44), (3, 0.42)]]
    spread = rows(runs)["magnitude", 0.9].test_acc
    assert (spread.mean, spread.sd, spread.n) == (pytest.approx(0.42), pytest.approx(0.02), 3)


def test_one_seed_has_no_deviation(run):
    assert rows([run()])["magnitude", 0.9].test_acc.sd is None


def test_sparsities_and_methods_are_apart_and_the_dense_row_is_first(run):
    runs = [
        run(sparsity=0.9, method="random"),
        run(sparsity=0.9, method="scalegmn_eq"),
        run(sparsity=0.6, method="magnitude"),
        run(sparsity=0.0, method="dense"),
    ]
    assert list(rows(runs)) == [
        ("dense", 0.0),
        ("dense, fine-tuned", 0.0),
        ("magnitude", 0.6),
        ("scalegmn_eq", 0.9),
        ("random", 0.9),
    ]


def test_a_row_may_have_its_own_method(run):
    one = run(method="scalegmn_eq")
    other = PrunedRow(sparsity=0.9, test_acc=0.2, method="random")
    table = rows([replace(one, pruned=(*one.pruned, other))])
    assert table["random", 0.9].test_acc.mean == 0.2
    assert table["scalegmn_eq", 0.9].test_acc.n == 1


def test_of_several_runs_of_a_seed_validation_decides_and_never_the_test_split(run):
    runs = [
        run(val_loss=1.5, test_acc=0.50),
        run(val_loss=1.2, test_acc=0.40),
        run(val_loss=1.3, test_acc=0.60),
    ]
    spread = rows(runs)["magnitude", 0.9].test_acc
    assert (spread.mean, spread.n) == (0.40, 1)


def test_without_losses_the_last_run_of_a_seed_counts(run):
    assert rows([run(test_acc=0.5), run(test_acc=0.4)])["magnitude", 0.9].test_acc.mean == 0.4


def test_a_dense_network_counts_once_however_many_runs_start_from_it(run):
    runs = [run(seed, dense_acc=0.57 + 1e-9 * seed) for seed in (1, 2)]
    assert rows(runs)["dense", 0.0].test_acc.n == 1
    spread = rows([*runs, run(3, dense_acc=0.55)])["dense", 0.0].test_acc
    assert (spread.mean, spread.n) == (pytest.approx(0.56), 2)


@pytest.mark.parametrize(
    "other",
    [{"target": "vgg19"}, {"dataset": "digits"}, {"data_note": "a copy"}, {"dense_acc": 0.61}],
)
def test_what_may_not_be_compared_is_not_averaged(run, other):
    table = tabulate([run(1, **other), run(2)])
    assert len(table) == 2
    assert all(row.test_acc.n == 1 for rows in table.values() for row in rows)


def test_runs_without_networks_are_not_in_the_table():
    assert tabulate([Results(experiment="predict_small_cnn", seed=1, metrics={"tau": 0.9})]) == {}


def test_a_run_that_only_trained_a_network_gives_a_dense_row():
    dense = DenseRow(test_acc=0.5)
    run = Results(experiment="train", seed=1, target="t", dataset="d", method="dense", dense=dense)
    assert list(rows([run])) == [("dense", 0.0)]


def test_runs_on_some_batches_only_do_not_count(run):
    spread = rows([run(val_loss=2.0, test_acc=0.4), run(val_loss=0.1, test_acc=0.9, debug=True)])
    assert spread["magnitude", 0.9].test_acc.mean == 0.4
    assert tabulate([run(debug=True)]) == {}


def test_unusual_settings_are_kept_apart(run):
    plain, balanced = tabulate([run(), run(setting="balanced gauge")])
    assert (plain.setting, balanced.setting) == (None, "balanced gauge")
    assert title(balanced) == "small_cnn on cifar10_gray, balanced gauge"
