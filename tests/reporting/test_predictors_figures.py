import pytest

from reporting import Results, Run
from reporting.learning_curves import learning_curves, plot_learning_curves
from reporting.predictors import tabulate_predictors
from reporting.predictors_figure import plot_predictors
from reporting.style import PREDICTORS


def table(*runs):
    found = []
    for predictor, seed, tau, networks, *more in runs:
        facts = {"dataset": "zoo"} | (more[0] if more else {})
        metrics = {"kendall_tau": tau, "r2": 0.9, "mae": 0.02, "train_networks": networks}
        metrics["parameters"] = facts.pop("parameters", 10)
        found.append(
            Run(Results(experiment="e", seed=seed, predictor=predictor, metrics=metrics, **facts))
        )
    return tabulate_predictors(found)


def names(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def test_all_predictors_of_a_data_set_are_in_one_panel_with_one_x_axis():
    figure = plot_predictors(
        table(
            ("StatNN", 0, 0.8, 800),
            ("StatNN", 1, 0.82, 800),
            ("MLP", 0, 0.5, 100, {"label": "val_accuracy"}),
            ("MLP", 0, 0.4, 800, {"dataset": "other"}),
        )
    )
    other, zoo = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["other", "zoo"]
    assert names(other) == ["MLP (1)"]
    assert names(zoo) == ["StatNN, 800 networks (2)", "MLP, 100 networks, val_accuracy (1)"]
    assert other.get_xlim() == zoo.get_xlim()
    # A bar only where there are two seeds.
    assert len(zoo.containers) == 1 and len(other.containers) == 0


def test_names_in_a_panel_are_unique():
    figure = plot_predictors(table(("A", 0, 0.8, 8), ("A", 0, 0.7, 8, {"parameters": 11})))
    assert names(figure.axes[0]) == ["A, 10 parameters (1)", "A, 11 parameters (1)"]


def test_marks_are_explained_in_the_picture():
    figure = plot_predictors(table(("A", 0, 0.8, 8, {"label": "test_accuracy", "data_note": "x"})))
    assert "† Learnt accuracies on test images" in figure.get_supxlabel()
    assert "Data: x." in figure.get_supxlabel() and "Bars" not in figure.get_supxlabel()


RUNS = [
    *(("StatNN", seed, tau, 800) for seed, tau in enumerate((0.80, 0.82, 0.81))),
    *(("StatNN", 0, 0.9, n) for n in (100, 3200)),
    ("MLP", 0, 0.1, 800),
    ("StatNN", 0, 0.5, 50, {"label": "val_accuracy"}),
]


def test_learning_curves_join_the_sections_of_a_zoo():
    ((title, (curve,)),) = learning_curves(table(*RUNS)).items()
    assert title == "zoo" and curve.name == curve.family == "StatNN"
    assert list(curve.taus) == [100, 800, 3200]
    assert [tau.n for tau in curve.taus.values()] == [1, 3, 1]


def test_learning_curves_are_drawn_in_the_colour_of_the_predictor():
    (axes,) = plot_learning_curves(table(*RUNS)).axes
    line = axes.get_lines()[0]
    assert line.get_ydata() == pytest.approx([0.9, 0.81, 0.9])
    assert line.get_color() == PREDICTORS["StatNN"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["100", "800", "3,200"]
    assert len(axes.containers) == 1


def test_one_number_of_networks_is_no_curve():
    assert plot_learning_curves(table(*RUNS[:3], RUNS[5])) is None


def test_sizes_have_curves_of_their_own():
    found = table(*RUNS, ("StatNN", 0, 0.9, 100, {"parameters": 11}))
    ((_, (curve,)),) = learning_curves(found).items()
    assert curve.name == "StatNN, 10 parameters"
