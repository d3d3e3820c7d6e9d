import csv
from dataclasses import replace
from io import StringIO

import pytest

from reporting import Results, Run
from reporting.page import html_page
from reporting.predictors import tabulate_predictors, without_scores
from reporting.predictors_text import predictors_to_csv, predictors_to_markdown


def results(predictor, seed, tau, *, val_tau=0.5, train_networks=800, parameters=10, **options):
    metrics = {
        **{"kendall_tau": tau, "r2": 2 * tau - 1, "mae": (1 - tau) / 5},
        **{"val_kendall_tau": val_tau, "parameters": parameters, "train_networks": train_networks},
    }
    return Results(
        experiment="e", seed=seed, predictor=predictor, dataset="zoo", metrics=metrics, **options
    )


def table(*runs, **facts):
    return tabulate_predictors(Run(run, **facts) for run in runs)


RUNS = [
    *(results("StatNN", seed, tau) for seed, tau in enumerate((0.80, 0.82, 0.81))),
    *(results("GMN, forward", seed, tau) for seed, tau in enumerate((0.83, 0.86))),
    results("MLP", 5, 0.1),
]


def test_predictors_are_compared_seed_by_seed_the_best_first():
    (section,) = table(*RUNS)
    assert (section.dataset, section.train_networks) == ("zoo", 800)
    assert [row.predictor for row in section.rows] == ["GMN, forward", "StatNN", "MLP"]
    best, baseline, unpaired = section.rows
    assert best.kendall_tau.mean == pytest.approx(0.845) and best.kendall_tau.n == 2
    assert best.difference.mean == pytest.approx(0.035) and best.difference.n == 2
    assert best.difference.sd == pytest.approx(0.01 / 2**0.5)
    assert baseline.difference is None and unpaired.difference is None
    assert unpaired.kendall_tau.sd is None


def test_other_data_are_other_sections():
    found = table(
        results("StatNN", 0, 0.8),
        results("StatNN", 0, 0.9, train_networks=9),
        results("StatNN", 0, 0.7, data_note="jpeg"),
        results("StatNN", 0, 0.1, debug=True),
        results("StatNN", 0, 0.6, protocol={"data.split_seed": 1}),
    )
    assert sorted(row.kendall_tau.mean for s in found for row in s.rows) == [0.6, 0.7, 0.8, 0.9]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("architecture.preserve_size", "preserve size"),
        ("architecture.skip", "skip"),
        ("optimizer.amsgrad", "amsgrad"),
        ("model.anything", "anything"),
    ],
)
def test_predictors_that_differ_in_a_setting_are_never_merged(key, label):
    protocols = [{"architecture.d": 16, key: on} for on in (False, True)]
    runs = [
        results("ScaleGMN", seed, tau, val_tau=tau, protocol=protocol)
        for seed in (0, 1)
        for tau, protocol in zip((0.8, 0.9), protocols, strict=True)
    ]
    (section,) = table(*runs)
    assert [(row.name, row.kendall_tau.mean, row.kendall_tau.n) for row in section.rows] == [
        (f"ScaleGMN ({label})", 0.9, 2),
        (f"ScaleGMN (no {label})", 0.8, 2),
    ]
    assert section.shared == {"architecture.d": 16}


def test_sizes_are_kept_apart_also_where_no_settings_were_recorded():
    (section,) = table(results("MLP", 0, 0.8), results("MLP", 1, 0.7, parameters=11))
    assert [row.parameters for row in section.rows] == [10, 11]


def test_of_repeated_runs_the_latest_counts_whatever_its_score():
    (section,) = table(results("MLP", 0, 0.7, val_tau=0.8), results("MLP", 0, 0.6, val_tau=0.6))
    (row,) = section.rows
    assert row.kendall_tau.mean == 0.6 and row.kendall_tau.n == 1


def test_runs_that_recorded_no_settings_are_known_by_their_folder():
    runs = [
        Run(results("MLP", seed, 0.8, config_hash=f"{folder}{seed}"), f"{folder}_{seed}")
        for folder in ("a", "b")
        for seed in (0, 1)
    ]
    (section,) = tabulate_predictors(runs)
    assert {(row.name, row.kendall_tau.n) for row in section.rows} == {
        ("MLP (a)", 2),
        ("MLP (b)", 2),
    }


def test_a_predictor_has_one_name_in_all_sections_of_a_zoo():
    protocols = [{"architecture.skip": skip} for skip in (True, False)]
    runs = [
        results("MLP", 0, 0.8, protocol=protocols[0]),
        results("MLP", 0, 0.8, protocol=protocols[1]),
        results("MLP", 0, 0.8, train_networks=9, protocol=protocols[0]),
    ]
    few, many = table(*runs)
    assert [row.name for row in few.rows] == ["MLP (skip)"]
    assert {row.name for row in many.rows} == {"MLP (skip)", "MLP (no skip)"}


def test_runs_that_trained_no_predictor_or_diverged_are_left_out():
    diverged = replace(results("MLP", 0, 0.5), metrics={"train_networks": 3})
    other = Results(experiment="e", seed=0)
    assert table(other, diverged) == []
    runs = [other, diverged, replace(diverged, debug=True), *RUNS]
    assert without_scores([Run(run) for run in runs]) == 1


def test_labels_are_kept_apart_and_those_of_test_images_marked():
    on_test, on_val = (results("MLP", 0, 0.9, label=f"{s}_accuracy") for s in ("test", "val"))
    found = table(results("MLP", 0, 0.8), on_test, on_val)
    assert {section.label for section in found} == {None, "test_accuracy", "val_accuracy"}
    text = predictors_to_markdown(found)
    for title in ("", ", test_accuracy", ", val_accuracy"):
        mark = " †" if "test" in title else ""
        assert f"\n## zoo{title}, 800 networks to train{mark}\n" in text
    assert text.count("| MLP † |") == text.count("\n† Learnt accuracies on test images") == 1
    rows = list(csv.DictReader(StringIO(predictors_to_csv(found))))
    assert {row["label"] for row in rows} == {"", "test_accuracy", "val_accuracy"}


def test_a_fine_tuned_predictor_is_another_of_the_same_family():
    new = results("StatNN", 0, 0.8, label="val_accuracy")
    tuned = results("StatNN", 0, 0.9, label="val_accuracy", finetuned_from="zoo (test_accuracy)")
    (section,) = (found := table(new, tuned))
    assert [row.predictor for row in section.rows] == [
        "StatNN, fine-tuned from zoo (test_accuracy)",
        "StatNN",
    ]
    assert {row.family for row in section.rows} == {"StatNN"}
    assert section.rows[0].difference.mean == pytest.approx(0.1)
    assert section.rows[1].difference is None
    text = predictors_to_markdown(found)
    assert "zoo (test_accuracy) † |" in text and "| StatNN |" in text


def test_the_table_as_text():
    found = table(*RUNS, results("GMN, forward", 2, 0.85), results("MLP", 0, 0.2, data_note="jpeg"))
    text = predictors_to_markdown(found)
    assert "## zoo, 800 networks to train" in text and "zoo: jpeg." in text
    assert "| GMN, forward | 10 | 0.8467 ± 0.0153 | 0.6933 ± 0.0306 | 3.07 ± 0.31 |" in text
    assert "| +0.0367 ± 0.0058 | +0.0223 to +0.0510 | 3 |" in text
    assert "| MLP | 10 | 0.1000 |" in text
    rows = list(csv.DictReader(StringIO(predictors_to_csv(found))))
    assert len(rows) == 4
    first = next(row for row in rows if row["predictor"] == "GMN, forward")
    assert float(first["difference"]) == pytest.approx(0.11 / 3) and first["difference_n"] == "3"
    assert next(row for row in rows if row["predictor"] == "MLP")["difference_n"] == ""


def test_predictors_that_came_with_the_project_are_marked_and_compared_with_theirs():
    own, shipped = ([Run(run, shipped=shipped) for run in RUNS] for shipped in (False, True))
    (section,) = (found := tabulate_predictors([*own, *shipped]))
    assert [(row.kendall_tau.n, row.shipped) for row in section.rows[:2]] == [(2, False), (2, True)]
    assert {row.difference.n for row in section.rows[:2]} == {2}
    text = predictors_to_markdown(found)
    assert "| GMN, forward § |" in text and "| GMN, forward |" in text


def test_errors_at_each_sparsity_and_good_networks_have_columns_of_their_own(tmp_path):
    lines = ["sparsity,mae", "0,0.02", "0.6,0.04", "all,0.03"]
    (tmp_path / "calibration.csv").write_text("\n".join(lines) + "\n")
    run = results("StatNN", 0, 0.7)
    measured = replace(run, metrics={**run.metrics, "good_kendall_tau": 0.5})
    table = tabulate_predictors([Run(measured, "a", folder=tmp_path)])
    text = predictors_to_markdown(table)
    assert "| predictor | 0 % | 50-60 % |" in text and "| StatNN | 2.00 | 4.00 |" in text
    assert "τ, good networks" in text and "0.5000" in text
    page = html_page([], table, {})
    assert "50-60 %" in page and "MAE by the sparsity of test networks" in page
