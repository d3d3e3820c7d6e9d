import pytest
from matplotlib.colors import to_rgb

from reporting import METHODS, DenseRow, Results, Run
from reporting.curves import plot_curves
from reporting.networks import tabulate
from reporting.style import COLOURS, OTHER_COLOURS, looks, method_colours


def draw(*runs):
    return plot_curves(tabulate(Run(run) for run in runs))


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_panel_has_a_line_per_method_and_explains_styles(run):
    runs = [run(method="dense", sparsity=0.0), run(method="random")]
    runs += [run(test_acc_before_finetune=0.1, sparsity=s) for s in (0.6, 0.9)]
    axes, before = draw(*runs).axes
    styles = ["after fine-tuning (left)", "before fine-tuning (right)"]
    assert legend(before) == ["dense", "dense, fine-tuned", "magnitude", "random", *styles]
    dotted = [line for line in before.get_lines() if line.get_linestyle() == ":"]
    assert [list(line.get_xdata()) for line in dotted] == [[60, 90]]
    assert not [line for line in axes.get_lines() if line.get_linestyle() == ":"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["60", "90"]


def test_without_numbers_before_fine_tuning_the_legend_has_no_styles(run):
    assert legend(draw(run()).axes[0]) == ["dense", "magnitude"]


def test_marks_are_explained_in_the_picture(run):
    figure = draw(run(data_note="jpeg", saw_validation=True))
    text = figure.get_supxlabel()
    assert "† The dense network was trained on validation" in text and "‡ Images: jpeg." in text


def test_a_group_without_pruned_networks_has_no_panel(run):
    dense = DenseRow(test_acc=0.5)
    only = Results(experiment="t", seed=1, target="t", dataset="digits", dense=dense)
    assert len(draw(run(), only).axes) == 1
    assert draw(only) is None


def test_panels_of_one_data_set_share_their_axes_and_others_do_not(run):
    runs = [run(sparsity=0.6), run(sparsity=0.9, data_note="copy"), run(dataset="digits")]
    first, second, other = draw(*runs).axes
    assert first.get_xlim() == second.get_xlim() != other.get_xlim()
    assert first.get_ylim() == second.get_ylim()


def test_bands_are_where_there_are_several_values_and_bars_at_lone_points(run):
    runs = [run(seed, test_acc=seed / 10, sparsity=s) for seed in (1, 2) for s in (0.6, 0.9)]
    lone = [run(seed, method="snip", test_acc=seed / 10) for seed in (1, 2)]
    axes, before = draw(*runs, *lone, run(1, test_acc_before_finetune=0.1)).axes
    (band,) = [c for c in axes.collections if type(c).__name__ == "FillBetweenPolyCollection"]
    assert band.get_facecolor()[0][:3] == pytest.approx(to_rgb(COLOURS["magnitude"]))
    assert len(axes.containers) == 1 and not before.collections


def test_the_legend_is_beside_the_data(run):
    figure = draw(run())
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_legend().get_window_extent().x0 >= axes.get_window_extent().x1


def test_every_method_has_a_colour_of_its_own_and_an_unknown_one_too():
    assert len(set(COLOURS.values())) == len(COLOURS)
    assert not set(COLOURS.values()) & set(OTHER_COLOURS)
    colours = method_colours(["mine", "magnitude", "another"])
    assert colours["magnitude"] == COLOURS["magnitude"]
    assert (colours["another"], colours["mine"]) == OTHER_COLOURS[:2]


@pytest.mark.parametrize("count", [1, 2])
def test_settings_of_one_method_share_its_colour_and_marker_and_differ_in_the_dash(run, count):
    runs = [run(protocol={"pruner.gauge": gauge}) for gauge in ("raw", "balanced")[:count]]
    lines = draw(*runs).axes[0].get_lines()[1:]
    assert {line.get_color() for line in lines} == {COLOURS["magnitude"]}
    assert len({line.get_marker() for line in lines}) == 1
    assert len({str(line.get_linestyle()) for line in lines}) == count


def test_the_known_methods_have_markers_of_their_own_where_their_colours_are_close(run):
    found = looks(tabulate([Run(run(method=method)) for method in METHODS[1:]]))
    looked = [(look.colour, look.marker) for look in found.values()]
    assert len(set(looked)) == len(looked) == len(METHODS)
    neighbours = ("magnitude", "magnitude_layer"), ("imp", "imp_rewind"), ("snip", "grasp")
    for one, other in neighbours:
        assert found[one, ""].marker != found[other, ""].marker


def test_of_many_lines_those_of_the_usual_settings_in_the_balanced_gauge_are_drawn(run):
    protocols = [
        {"selection.gauge": gauge, "pruner.k": k}
        for gauge in ("raw", "balanced")
        for k in (*range(11), 5)
    ]
    runs = [run(s, method="gmp", protocol=p) for p in protocols for s in (1, 2)]
    figure = draw(*runs, run(method="random", protocol={"selection.gauge": "raw"}))
    assert legend(figure.axes[0])[0] == "dense" and "random (raw)" in legend(figure.axes[0])
    assert not any("gmp (raw" in text for text in legend(figure.axes[0]))
    assert "all rows are in the tables" in figure.get_supxlabel()
    few = draw(*runs[:4])
    assert "all rows" not in (few.get_supxlabel() or "")
