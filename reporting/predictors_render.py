"""The table of predictors as text and as a picture."""

import csv
from io import StringIO
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reporting.predictors import (
    REFERENCE,
    TEST_LABEL,
    PredictorGroup,
    PredictorLine,
    PredictorTable,
)
from reporting.table import Spread

SAW_TEST = "†"
CAPTION = (
    "On test networks: mean ± sample standard deviation over n seeds. τ: Kendall's τ-b of "
    "predicted and true accuracies; MAE in percentage points; the difference is the mean over "
    f"seeds of τ minus that of {REFERENCE} with the same seed."
)
HEAD = f"| predictor | parameters | τ | R² | MAE | τ − τ of {REFERENCE} | n |"
COLUMNS = [
    *("dataset", "data_note", "train_networks", "label", "predictor", "parameters", "n"),
    *("kendall_tau", "kendall_tau_sd", "r2", "r2_sd", "mae", "mae_sd"),
    *("difference", "difference_sd", "difference_n"),
]


def predictors_to_markdown(table: PredictorTable) -> str:
    """One section per group."""
    return "\n".join(["# Predictors", "", CAPTION, *map(_section, table.items())]) + "\n"


def predictors_to_csv(table: PredictorTable) -> str:
    """One line per predictor; accuracies are fractions."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for group, lines in table.items():
        for line in lines:
            spreads = (line.kendall_tau, line.r2, line.mae, line.difference)
            numbers = [x for s in spreads for x in ((s.mean, s.sd) if s else (None, None))]
            compared = line.difference.n if line.difference else None
            own = [line.predictor, line.parameters, line.kendall_tau.n, *numbers, compared]
            writer.writerow([*vars(group).values(), *own])
    return text.getvalue()


def plot_predictors(table: PredictorTable) -> Figure:
    """τ of each predictor, a panel per group; bars are standard deviations."""
    ratios = [1.2 + 0.5 * len(lines) for lines in table.values()]
    figure = Figure(figsize=(8, sum(ratios)), layout="constrained")
    panels = figure.subplots(len(table), squeeze=False, height_ratios=ratios)[:, 0]
    for axes, (group, lines) in zip(panels, table.items(), strict=True):
        taus = [line.kendall_tau for line in lines]
        places = range(len(lines))
        axes.errorbar(
            [tau.mean for tau in taus], places, xerr=[tau.sd or 0.0 for tau in taus], fmt="o"
        )
        names = [f"{line.predictor} ({line.kendall_tau.n})" for line in lines]
        axes.set_yticks(places, ["\n".join(wrap(name, 34)) for name in names])
        axes.set_ylim(-0.5, len(lines) - 0.5)
        axes.set_xlabel("Kendall's τ on test networks (number of seeds)")
        entitle(axes, group)
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.3)
    return figure


def entitle(axes: Axes, group: PredictorGroup) -> None:
    """Write above a panel what it shows, in lines that fit."""
    axes.set_title("\n".join(wrap(title(group), 55)), fontsize="medium")


def _section(item: tuple[PredictorGroup, list[PredictorLine]]) -> str:
    group, lines = item
    rows = [_row(line, _mark(group.label, line.predictor)) for line in lines]
    table = [HEAD, "|" + " --- |" * (HEAD.count("|") - 1), *rows]
    note = ["", f"{group.dataset}: {group.data_note}."] if group.data_note else []
    if any(_mark(group.label, line.predictor) for line in lines):
        note += ["", f"{SAW_TEST} Learnt accuracies on test images: nothing may be chosen with it."]
    return "\n".join(["", f"## {title(group)}", "", *table, *note])


def title(group: PredictorGroup) -> str:
    """The zoo, its labels and how many networks there are to train."""
    count = "" if group.train_networks is None else f", {group.train_networks:,} networks to train"
    label = "" if group.label is None else f", {group.label}"
    return f"{group.dataset}{label}{count}{_mark(group.label)}"


def _mark(*seen: str | None) -> str:
    return f" {SAW_TEST}" if any(TEST_LABEL in text for text in seen if text) else ""


def _row(line: PredictorLine, mark: str) -> str:
    parameters = "" if line.parameters is None else f"{line.parameters:,}"
    difference = "" if line.difference is None else _shown(line.difference, "+.4f")
    scores = [_shown(line.kendall_tau), _shown(line.r2), _shown(line.mae, ".2f", 100.0)]
    cells = [line.predictor + mark, parameters, *scores, difference, str(line.kendall_tau.n)]
    return f"| {' | '.join(cells)} |"


def _shown(spread: Spread, form: str = ".4f", unit: float = 1.0) -> str:
    deviation = "" if spread.sd is None else f" ± {unit * spread.sd:{form.lstrip('+')}}"
    return f"{unit * spread.mean:{form}}{deviation}"
