from dataclasses import replace

import pytest

from reporting import DenseRow, FineTuneRate, PrunedRow, Results, Run
from reporting.networks import tabulate

PROTOCOL = {
    "target.net.width": 16,
    "pruner.gauge": "raw",
    "finetune.lr": 1e-3,
    "prune_biases": False,
}


def table(results, **facts):
    return tabulate([Run(result, **facts) for result in results])


def rows(results):
    (section,) = table(results)
    return {(row.name, row.sparsity): row for row in section.rows}


def test_accuracies_are_means_and_deviations_over_seeds(run):
    runs = [run(seed, test_acc=acc) for seed, acc in [(1, 0.40), (2, 0.44), (3, 0.42)]]
    value = rows(runs)["magnitude", 0.9].test_acc
    assert (value.mean, value.sd, value.n) == (pytest.approx(0.42), pytest.approx(0.02), 3)


@pytest.mark.parametrize("protocol", [{}, PROTOCOL])
def test_three_dense_networks_of_one_seed_are_three(run, protocol):
    runs = [
        run(1, dense_hash=str(i), dense_acc=0.57, test_acc=acc, val_loss=loss, protocol=protocol)
        for i, (acc, loss) in enumerate([(0.40, 1.0), (0.44, 2.0), (0.42, 3.0)])
    ]
    found = rows(runs)
    assert found["magnitude", 0.9].test_acc.n == found["dense", 0.0].test_acc.n == 3
    assert found["magnitude", 0.9].by_unit == {("0", 1): 0.40, ("1", 1): 0.44, ("2", 1): 0.42}


def test_dense_networks_without_a_hash_are_known_by_their_numbers(run):
    runs = [run(seed, dense_acc=0.57 + 1e-9 * seed) for seed in (1, 2)]
    assert rows(runs)["dense", 0.0].test_acc.n == 1
    value = rows([*runs, run(3, dense_acc=0.55)])["dense", 0.0].test_acc
    assert (value.mean, value.n) == (pytest.approx(0.56), 2)


@pytest.mark.parametrize(
    ("key", "value", "label"),
    [
        ("pruner.gauge", "balanced", "balanced"),
        ("prune_biases", True, "prune biases"),
        ("trainer.precision", "bf16-mixed", "bf16-mixed"),
        ("finetune.max_epochs", 10, "finetune max_epochs 10"),
        ("finetune.patience", 3, "finetune patience 3"),
        ("pruner.epochs", 300, "pruner epochs 300"),
        ("data.batch_size", 128, "batch size 128"),
    ],
)
def test_runs_that_differ_in_a_setting_are_two_rows(run, key, value, label):
    other = run(2, test_acc=0.2, protocol=PROTOCOL | {key: value})
    found = rows([run(1, protocol=PROTOCOL), other])
    assert found[f"magnitude ({label})", 0.9].test_acc.mean == 0.2
    assert sorted(row.test_acc.n for (name, _), row in found.items() if name != "dense") == [1, 1]


@pytest.mark.parametrize(
    ("key", "value"),
    [("target.net.width", 32), ("target.net.batch_norm", True), ("data.folder", "copy")],
)
def test_other_networks_and_data_are_other_sections(run, key, value):
    sections = table([run(1, protocol=PROTOCOL), run(2, protocol=PROTOCOL | {key: value})])
    assert len(sections) == 2 and sections[0].label != sections[1].label
    assert all(row.test_acc.n == 1 for section in sections for row in section.rows)


@pytest.mark.parametrize(
    "other",
    [
        {"target": "vgg19"},
        {"dataset": "digits"},
        {"data_note": "a copy"},
        {"saw_validation": True},
        {"setting": "balanced gauge"},
        {"parameters": 4970},
    ],
)
def test_files_without_a_protocol_are_kept_apart_by_the_facts_they_have(run, other):
    sections = table([run(1, **other), run(2)])
    assert len(sections) == 2
    assert all(row.test_acc.n == 1 for section in sections for row in section.rows)


def test_titles_tell_sections_without_a_protocol_apart(run):
    runs = [run(setting="balanced gauge", parameters=n) for n in (10, 20)]
    assert [section.label for section in table([*runs, run(protocol=PROTOCOL)])] == [
        "parameters 10, balanced gauge",
        "parameters 20, balanced gauge",
        "",
    ]
    (alone,) = table(runs[:1])
    assert alone.label == "balanced gauge" and alone.shared == {}


def test_settings_of_all_rows_are_stated_once(run):
    eq = run(method="scalegmn_eq", protocol=PROTOCOL | {"optimizer.lr": 1e-3})
    (section,) = table([run(protocol=PROTOCOL), eq])
    assert section.shared == PROTOCOL | {"finetune.lr": [1e-3]}
    assert section.own == {"scalegmn_eq": {"optimizer.lr": 1e-3}}
    assert [row.label for row in section.rows] == ["", "", ""]


def test_an_option_that_is_off_is_none_that_there_was_not_yet(run):
    off = {"architecture.preserve_size": False, "model.group_weight": 0.0}
    found = rows([run(1, protocol=PROTOCOL), run(2, protocol=PROTOCOL | off)])
    assert found["magnitude", 0.9].test_acc.n == 2
    on = PROTOCOL | off | {"model.group_weight": 0.1}
    found = rows([run(1, protocol=PROTOCOL), run(2, protocol=on)])
    assert [r.test_acc.n for (name, _), r in found.items() if name.startswith("magn")] == [1, 1]


def test_the_seed_is_no_setting_wherever_it_stands(run):
    runs = [run(s, protocol=PROTOCOL | {"seed": s, "data.seed": s}) for s in (1, 2)]
    assert rows(runs)["magnitude", 0.9].test_acc.n == 2
    runs = [run(s, protocol=PROTOCOL | {"data.split_seed": s}) for s in (1, 2)]
    assert len(table(runs)) == 2


def search(run, *outcomes, seed=42, **options):
    """Otherwise equal runs, each with one learning rate of fine-tuning."""
    return [
        run(
            seed,
            finetune_lr=lr,
            val_loss=loss,
            test_acc=acc,
            protocol=PROTOCOL | {"finetune.lr": lr},
            **options,
        )
        for lr, loss, acc in outcomes
    ]


def test_of_several_learning_rates_validation_decides_and_never_the_test_split(run):
    row = rows(search(run, (1e-2, 1.5, 0.50), (1e-3, 1.2, 0.40), (1e-4, 1.3, 0.60)))[
        "magnitude", 0.9
    ]
    assert (row.test_acc.mean, row.test_acc.n) == (0.40, 1)
    assert (row.rates, row.candidates, row.at_edge) == ((1e-3,), 3, False)


def test_a_rate_at_the_edge_of_the_searched_ones_is_marked(run):
    row = rows(search(run, (1e-2, 1.1, 0.5), (1e-3, 1.2, 0.4)))["magnitude", 0.9]
    assert row.at_edge and row.candidates == 2
    row = rows(search(run, (1e-2, 1.1, 0.5)))["magnitude", 0.9]
    assert not row.at_edge and row.candidates == 1


def test_a_run_with_a_list_of_rates_equals_a_run_for_each(run):
    rates = tuple(FineTuneRate(lr=lr) for lr in (1e-2, 1e-3))
    protocol = PROTOCOL | {"finetune.lr": [1e-2, 1e-3]}
    listed = run(1, finetune_lr=1e-3, finetune_rates=rates, protocol=protocol)
    row = rows([listed, *search(run, (1e-2, 1.5, 0.5), (1e-3, 1.2, 0.4), seed=2)])["magnitude", 0.9]
    assert (row.test_acc.n, row.candidates, row.at_edge) == (2, 2, True)


def test_grids_are_never_merged(run):
    runs = [
        *search(run, (1e-2, 1.5, 0.5), (1e-3, 1.2, 0.4)),
        *search(run, (1e-2, 1.0, 0.3), seed=2),
    ]
    found = rows(runs)
    assert found["magnitude (fine-tuning rates 0.01)", 0.9].test_acc.mean == 0.3
    assert found["magnitude (fine-tuning rates 0.001, 0.01)", 0.9].test_acc.mean == 0.4


def test_a_wider_search_of_one_seed_takes_nothing_from_the_row_of_the_others(run):
    protocol = PROTOCOL | {"finetune.lr": [1e-2, 1e-3]}
    wider = run(1, test_acc=0.9, finetune_lr=1e-3, val_loss=0.1, protocol=protocol)
    plain = [run(seed, val_loss=1.0, protocol=PROTOCOL) for seed in (1, 2)]
    found = rows([*plain, wider])
    assert found["magnitude (fine-tuning rates 0.001)", 0.9].test_acc.n == 2
    assert found["magnitude (fine-tuning rates 0.001, 0.01)", 0.9].test_acc.mean == 0.9


def test_a_grid_that_was_searched_twice_counts_once_the_latest(run):
    protocol = PROTOCOL | {"finetune.lr": [1e-2, 1e-3]}
    listed = run(test_acc=0.9, finetune_lr=1e-3, val_loss=0.1, protocol=protocol)
    singles = search(run, (1e-2, 1.5, 0.5), (1e-3, 1.2, 0.4))
    for order, expected in [([listed, *singles], 0.4), ([*singles, listed], 0.9)]:
        row = rows(order)["magnitude", 0.9]
        assert (row.test_acc.mean, row.test_acc.n, row.candidates) == (expected, 1, 2)


def test_the_rate_of_an_experiment_that_only_fine_tunes_is_searched(run):
    runs = [
        run(
            experiment="finetune_small_cnn",
            val_loss=loss,
            finetune_lr=lr,
            test_acc=loss / 10,
            protocol={"optimizer.lr": lr},
        )
        for lr, loss in [(1e-2, 2.0), (1e-3, 1.0)]
    ]
    row = rows(runs)["magnitude", 0.9]
    assert (row.test_acc.mean, row.candidates) == (0.1, 2)
    both = [
        replace(r, protocol={**r.protocol, "finetune.lr": r.protocol["optimizer.lr"]}) for r in runs
    ]
    assert rows(both)["magnitude", 0.9].candidates == 2
    # Elsewhere it is a setting of the method, and nothing to choose by its outcome.
    assert len(rows([replace(result, experiment="eq_prune") for result in runs])) == 3


def test_of_repeated_runs_the_latest_counts_whatever_its_loss(run):
    runs = [
        run(test_acc=acc, val_loss=loss, protocol=PROTOCOL)
        for acc, loss in [(0.5, 1.0), (0.4, 2.0)]
    ]
    assert rows(runs)["magnitude", 0.9].test_acc.mean == 0.4


def test_runs_that_recorded_no_settings_are_never_best_of(run):
    runs = [
        Run(run(config_hash=config, test_acc=acc, val_loss=acc), name)
        for config, acc, name in [("a", 0.5, "lr1e-3"), ("b", 0.4, "lr1e-4"), ("b", 0.3, "lr1e-4")]
    ]
    (section,) = tabulate(runs)
    assert [(row.name, row.test_acc.mean) for row in section.rows[1:]] == [
        ("magnitude (lr1e-3)", 0.5),
        ("magnitude (lr1e-4)", 0.3),
    ]


def test_runs_that_recorded_no_settings_are_averaged_by_the_name_of_their_folder(run):
    runs = [
        Run(run(seed, config_hash=f"{folder}{seed}"), f"{folder}_{seed}")
        for folder in ("a", "b")
        for seed in (1, 2)
    ]
    (section,) = tabulate(runs)
    assert [(row.name, row.test_acc.n) for row in section.rows[1:]] == [
        ("magnitude (a)", 2),
        ("magnitude (b)", 2),
    ]


def test_a_users_row_stays_beside_an_equal_one_that_came_with_the_project(run):
    (section,) = tabulate([Run(run(test_acc=0.5)), Run(run(test_acc=0.4), shipped=True)])
    found = [(row.method, row.test_acc.mean, row.shipped) for row in section.rows]
    assert found == [
        ("dense", 0.57, False),
        ("dense", 0.57, True),
        ("magnitude", 0.5, False),
        ("magnitude", 0.4, True),
    ]


def test_sparsities_and_methods_are_apart_in_the_order_of_the_table(run):
    runs = [
        run(sparsity=0.9, method="random"),
        run(sparsity=0.9, method="mine"),
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
        ("mine", 0.9),
    ]


def test_a_row_may_have_its_own_method(run):
    one = run(method="scalegmn_eq")
    other = PrunedRow(sparsity=0.9, test_acc=0.2, method="random")
    found = rows([replace(one, pruned=(*one.pruned, other))])
    assert found["random", 0.9].test_acc.mean == 0.2
    assert found["scalegmn_eq", 0.9].test_acc.n == 1


def test_epochs_before_fine_tuning_are_kept(run):
    runs = [run(s, epochs_before_finetune=e) for s, e in [(1, 300), (2, 300), (3, 280)]]
    assert rows(runs)["magnitude", 0.9].epochs_before == (280, 300)


def test_runs_without_networks_are_not_in_the_table():
    assert table([Results(experiment="predict_small_cnn", seed=1, metrics={"tau": 0.9})]) == []


def test_a_run_that_only_trained_a_network_gives_a_dense_row(run):
    dense = DenseRow(test_acc=0.57, saw_validation=False, hash="h")
    facts = {"target": "small_cnn", "dataset": "cifar10_gray", "dense": dense}
    trained = Results(experiment="train", seed=1, protocol={"target.net.width": 16}, **facts)
    assert list(rows([trained])) == [("dense", 0.0)]
    # Pruned by another run, which recorded more, it is not told of twice.
    pruned = run(dense_hash="h", protocol=PROTOCOL | {"dense.max_epochs": 80})
    assert list(rows([trained, pruned])) == [("dense", 0.0), ("magnitude", 0.9)]


def test_runs_on_some_batches_only_do_not_count(run):
    found = rows([run(test_acc=0.4), run(test_acc=0.9, debug=True)])
    assert found["magnitude", 0.9].test_acc.mean == 0.4
    assert table([run(debug=True)]) == []


def test_a_compared_method_has_its_own_settings(run):
    alone = run(1, test_acc=0.5, protocol=PROTOCOL | {"pruner.score": "magnitude"})
    (row,) = alone.pruned
    main = replace(
        run(2, test_acc=0.3, protocol=PROTOCOL | {"pruner.score": "snip", "optimizer.lr": 1}),
        method="snip",
    )
    beside = replace(row, method="magnitude", test_acc=0.7)
    told = replace(main, pruned=(*main.pruned, beside), compared={"magnitude": alone.protocol})
    found = rows([alone, told])
    assert found["magnitude", 0.9].test_acc.n == 2 and found["snip", 0.9].test_acc.n == 1
    # Of older files it is not known; it is not that of the run's own method.
    untold = rows([replace(told, compared={})])["magnitude", 0.9].records[0].settings
    assert not [key for key in untold if key.startswith(("pruner.", "optimizer."))]
