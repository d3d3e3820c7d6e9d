"""How much predictors gain from more networks."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from matplotlib.figure import Figure

from reporting.predictors import PredictorGroup, PredictorTable
from reporting.predictors_render import entitle
from reporting.table import Spread

# By predictor: τ by the number of networks that it was trained on.
Curves = dict[str, dict[int, Spread]]


def plot_learning_curves(table: PredictorTable) -> Figure | None:
    """τ over the number of networks to train, a panel per zoo; bars are standard deviations.

    Returns:
        ``None`` where no predictor was trained on two numbers of networks of a zoo.
    """
    curves = learning_curves(table)
    if not curves:
        return None
    figure = Figure(figsize=(7, 4 * len(curves)), layout="constrained")
    panels = figure.subplots(len(curves), squeeze=False)[:, 0]
    for axes, (group, lines) in zip(panels, curves.items(), strict=True):
        for name, taus in lines.items():
            deviations = [tau.sd or 0.0 for tau in taus.values()]
            means = [tau.mean for tau in taus.values()]
            axes.errorbar(list(taus), means, yerr=deviations, label=name, marker="o")
        axes.set(xscale="log", xlabel="networks to train", ylabel="Kendall's τ on test networks")
        entitle(axes, group)
        axes.grid(alpha=0.3)
        axes.legend()
    return figure


def learning_curves(table: PredictorTable) -> Mapping[PredictorGroup, Curves]:
    """What may be compared but for the number of networks to train, in ascending order of it.

    Predictors of one name and several sizes have a curve each.
    """
    sizes = defaultdict(set)
    for line in (line for lines in table.values() for line in lines):
        sizes[line.predictor].add(line.parameters)
    curves: dict[PredictorGroup, Curves] = defaultdict(lambda: defaultdict(dict))
    for group, lines in sorted(table.items(), key=lambda item: item[0].train_networks or 0):
        if (count := group.train_networks) is not None:
            for line in lines:
                size = f", {line.parameters:,} parameters" if line.parameters else ""
                name = line.predictor + (size if len(sizes[line.predictor]) > 1 else "")
                curves[replace(group, train_networks=None)][name][count] = line.kendall_tau
    return {
        group: {name: curve for name, curve in lines.items() if len(curve) > 1}
        for group, lines in curves.items()
        if max(map(len, lines.values())) > 1
    }
