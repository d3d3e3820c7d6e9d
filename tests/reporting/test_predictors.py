import csv
from dataclasses import replace
from io import StringIO

import pytest

from reporting import (
    Results,
    learning_curves,
    plot_learning_curves,
    plot_predictors,
    predictors_to_csv,
    predictors_to_markdown,
    tabulate_predictors,
    without_scores,
)


def run(predictor, seed, tau, *, val_tau=0.5, train_networks=800, **options):
    metrics = {
        **{"kendall_tau": tau, "r2": 2 * tau - 1, "mae": (1 - tau) / 5},
        **{"val_kendall_tau": val_tau, "parameters": 10, "train_networks": train_networks},
    }
    return Results(
        experiment="e", seed=seed, predictor=predictor, dataset="zoo", metrics=metrics, **options
    )


RUNS = [
    *(run("StatNN", seed, tau) for seed, tau in enumerate((0.80, 0.82, 0.81))),
    *(run("GMN, forward", seed, tau) for seed, tau in enumerate((0.83, 0.86))),
    run("MLP", 5, 0.1),
]


def test_predictors_are_compared_seed_by_seed_the_best_first():
    ((group, lines),) = tabulate_predictors(RUNS).items()
    assert (group.dataset, group.train_networks) == ("zoo", 800)
    assert [line.predictor for line in lines] == ["GMN, forward", "StatNN", "MLP"]
    best, reference, unpaired = lines
    assert best.kendall_tau.mean == pytest.approx(0.845) and best.kendall_tau.n == 2
    assert best.difference.mean == pytest.approx(0.035) and best.difference.n == 2
    assert best.difference.sd == pytest.approx(0.01 / 2**0.5)
    assert reference.difference is None and unpaired.difference is None
    assert unpaired.kendall_tau.sd is None


def test_what_cannot_be_compared_is_kept_apart():
    runs = [
        *(run("StatNN", 0, 0.8), run("StatNN", 0, 0.9, train_networks=9)),
        run("StatNN", 0, 0.7, data_note="jpeg"),
    ]
    table = tabulate_predictors([*runs, run("StatNN", 0, 0.1, debug=True)])
    assert [line.kendall_tau.mean for lines in table.values() for line in lines] == [0.9, 0.8, 0.7]
    bigger = replace(runs[0], metrics={**runs[0].metrics, "parameters": 11})
    (lines,) = tabulate_predictors([runs[0], bigger]).values()
    assert [line.parameters for line in lines] == [10, 11]


def test_of_several_runs_of_a_seed_that_which_validation_likes_counts():
    runs = [run("MLP", 0, 0.9, val_tau=0.6), run("MLP", 0, 0.7, val_tau=0.8)]
    for order in (runs, runs[::-1]):
        ((line,),) = tabulate_predictors(order).values()
        assert line.kendall_tau.mean == 0.7 and line.kendall_tau.n == 1


def test_runs_that_trained_no_predictor_or_diverged_are_left_out():
    diverged = replace(run("MLP", 0, 0.5), metrics={"train_networks": 3})
    other = Results(experiment="e", seed=0)
    assert tabulate_predictors([other, diverged]) == {}
    assert without_scores([other, diverged, replace(diverged, debug=True), *RUNS]) == 1


def test_labels_are_kept_apart_and_those_of_test_images_marked():
    on_test, on_val = (run("MLP", 0, 0.9, label=f"{split}_accuracy") for split in ("test", "val"))
    table = tabulate_predictors([run("MLP", 0, 0.8), on_test, on_val])
    assert {group.label for group in table} == {None, "test_accuracy", "val_accuracy"}
    text = predictors_to_markdown(table)
    for title in ("", ", test_accuracy", ", val_accuracy"):
        mark = " †" if "test" in title else ""
        assert f"\n## zoo{title}, 800 networks to train{mark}\n" in text
    assert text.count("| MLP † |") == text.count("\n† Learnt accuracies on test images") == 1
    rows = list(csv.DictReader(StringIO(predictors_to_csv(table))))
    assert {row["label"] for row in rows} == {"", "test_accuracy", "val_accuracy"}


def test_what_was_fine_tuned_is_another_predictor():
    new = run("StatNN", 0, 0.8, label="val_accuracy")
    tuned = run("StatNN", 0, 0.9, label="val_accuracy", finetuned_from="zoo (test_accuracy)")
    ((_, lines),) = (table := tabulate_predictors([new, tuned])).items()
    assert [line.predictor for line in lines] == [
        "StatNN, fine-tuned from zoo (test_accuracy)",
        "StatNN",
    ]
    assert lines[0].difference.mean == pytest.approx(0.1) and lines[1].difference is None
    text = predictors_to_markdown(table)
    assert "zoo (test_accuracy) † |" in text and "| StatNN |" in text


def test_the_table_as_text_and_as_a_picture():
    table = tabulate_predictors([*RUNS, run("MLP", 0, 0.2, data_note="jpeg q75 copy")])
    text = predictors_to_markdown(table)
    assert "## zoo, 800 networks to train" in text and "zoo: jpeg q75 copy." in text
    assert "| GMN, forward | 10 | 0.8450 ± 0.0212 | 0.6900 ± 0.0424 | 3.10 ± 0.42 |" in text
    assert "| +0.0350 ± 0.0071 | 2 |" in text and "| MLP | 10 | 0.1000 |" in text
    rows = list(csv.DictReader(StringIO(predictors_to_csv(table))))
    assert len(rows) == 4
    first = next(row for row in rows if row["predictor"] == "GMN, forward")
    assert float(first["difference"]) == pytest.approx(0.035) and first["difference_n"] == "2"
    figure = plot_predictors(table)
    assert len(figure.axes) == 2
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert "GMN, forward (2)" in labels or "MLP (1)" in labels


def test_learning_curves_join_what_differs_in_the_number_of_networks():
    more = [run("StatNN", 0, 0.9, train_networks=n) for n in (100, 3200)]
    elsewhere = [run("StatNN", 0, 0.5, train_networks=50, label="val_accuracy")]
    table = tabulate_predictors([*RUNS, *more, *elsewhere])
    ((group, curves),) = learning_curves(table).items()
    assert group.dataset == "zoo" and group.label is None
    assert list(curves) == ["StatNN"]
    assert list(curves["StatNN"]) == [100, 800, 3200]
    assert [tau.n for tau in curves["StatNN"].values()] == [1, 3, 1]
    (axes,) = plot_learning_curves(table).axes
    assert axes.get_lines()[0].get_ydata() == pytest.approx([0.9, 0.81, 0.9])
    assert plot_learning_curves(tabulate_predictors(RUNS)) is None
    bigger = replace(more[0], metrics={**more[0].metrics, "parameters": 11})
    ((_, curves),) = learning_curves(tabulate_predictors([*RUNS, *more, bigger])).items()
    assert list(curves) == ["StatNN, 10 parameters"]
