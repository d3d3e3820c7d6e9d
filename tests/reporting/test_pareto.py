from dataclasses import replace

from reporting import Run
from reporting.networks import tabulate
from reporting.pareto import front, plot_pareto
from reporting.style import COLOURS


def test_the_front_has_the_points_that_none_beats():
    points = [(10.0, 0.5), (5.0, 0.4), (5.0, 0.3), (7.0, 0.4), (8.0, 0.2), (20.0, 0.6), (30.0, 0.6)]
    assert front(points) == [(5, 0.4), (10, 0.5), (20, 0.6)]


def test_points_have_the_colours_of_their_methods_and_a_front(run):
    runs = []
    for method, accuracy in (("magnitude", 0.4), ("snip", 0.5)):
        one = run(method=method, test_acc=accuracy)
        runs.append(Run(replace(one, pruned=(replace(one.pruned[0], nonzero=500),))))
    (axes,) = plot_pareto(tabulate(runs)).axes
    *points, line = axes.get_lines()
    found = {p.get_color(): (p.get_xdata()[0], p.get_ydata()[0]) for p in points}
    assert found == {COLOURS["magnitude"]: (500, 40), COLOURS["snip"]: (500, 50)}
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([500], [50])
    assert axes.get_xscale() == "log"


def test_without_counts_there_is_no_figure(run):
    assert plot_pareto(tabulate([Run(run())])) is None
