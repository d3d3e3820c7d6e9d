"""Table of predictors as text."""

import pandas as pd

from reporting.grid import Grid, to_markdown
from reporting.mean_sd import columns
from reporting.predictor_rows import (
    BASELINE,
    TEST_LABEL,
    PredictorSection,
    PredictorTable,
)
from reporting.text import (
    SAW_TEST,
    SHIPPED,
    shipped_note,
    show_settings,
)

CAPTION = (
    "On test networks: mean ± sample standard deviation over n seeds. τ: Kendall's τ-b of "
    "predicted and true accuracies; MAE in percentage points; the difference is the mean over "
    f"seeds of τ minus that of {BASELINE} with the same seed. 95 % intervals over seeds are by "
    "Student's t, from 3 seeds on; those over networks by a bootstrap of the test networks (1,000 "
    "resamples, networks of one training run together), of the mean over seeds, for differences on "
    "the same networks. Good networks have at least the accuracy pipeline.good (40 %). Minutes are "
    "those of a run; what other jobs on the machine took is included."
)
ERRORS = "MAE by the sparsity of test networks:"
GOOD = "τ, good networks"
DIFFERENCE = f"τ − τ of {BASELINE}"


def predictors_caption(table: PredictorTable) -> str:
    """Explain the columns of the table and the results that it has."""
    return f"{CAPTION} {shipped_note(row.shipped for section in table for row in section.rows)}"


def predictors_to_markdown(table: PredictorTable) -> str:
    """The table with one part per section."""
    parts = ["# Predictors", predictors_caption(table)]
    for section in table:
        parts += [
            f"## {predictors_title(section)}",
            to_markdown(predictors_grid(section, table)),
        ]
        if (errors := errors_grid(section, table)) is not None:
            parts += [ERRORS, to_markdown(errors)]
        parts += predictors_notes(section)
    return "\n\n".join(parts) + "\n"


def predictors_title(section: PredictorSection) -> str:
    """The zoo, its labels and how many networks there are to train."""
    count = section.train_networks
    parts = [section.dataset, section.label, section.variant]
    parts.append("" if count is None else f"{count:,} networks to train")
    return ", ".join(part for part in parts if part) + mark(section.label)


def predictors_grid(section: PredictorSection, table: PredictorTable) -> Grid:
    """The rows of a section.

    Args:
        section: the section.
        table: that it belongs to; rows are marked as shipped if not all of its rows are.
    """
    mark_shipped = not all(row.shipped for other in table for row in other.rows)
    lines = []
    for row in section.rows:
        shipped = f" {SHIPPED}" if row.shipped and mark_shipped else ""
        lines.append(
            {
                "predictor": f"{row.name}{mark(section.label, row.predictor)}{shipped}",
                "parameters": "" if row.parameters is None else f"{row.parameters:,}",
                "τ": row.kendall_tau.show(".4f", 1.0),
                "τ, 95 % (networks)": _span(row.tau_interval, ".4f"),
                "R²": row.r2.show(".4f", 1.0),
                "R², 95 % (networks)": _span(row.r2_interval, ".4f"),
                "MAE": row.mae.show(),
                GOOD: row.good_tau.show(".4f", 1.0) if row.good_tau else "",
                DIFFERENCE: row.difference.show("+.4f", 1.0) if row.difference else "",
                "95 % (seeds)": _span(
                    row.difference.interval() if row.difference else None, "+.4f"
                ),
                "95 % (networks)": _span(row.difference_interval, "+.4f"),
                "minutes": row.seconds.show(".1f", 1 / 60) if row.seconds else "",
                "n": str(row.kendall_tau.n),
            }
        )
    return Grid.of(lines)


def errors_grid(section: PredictorSection, table: PredictorTable) -> Grid | None:
    """Errors in bands of sparsity; ``None`` where no zoo has pruned networks.

    Args:
        section: the section.
        table: that it belongs to; see :func:`predictors_grid`.
    """
    names = [row[0].text for row in predictors_grid(section, table).rows]
    lines = [
        {"predictor": name, **{band: mean.show() for band, mean in row.errors.items()}}
        for name, row in zip(names, section.rows, strict=True)
        if row.errors
    ]
    return Grid.of(lines) if lines else None


def predictors_notes(section: PredictorSection) -> list[str]:
    """Sentences below a section: its data, its settings and its marks."""
    found = []
    if section.data_note:
        found.append(f"{section.dataset}: {section.data_note}.")
    if section.shared:
        found.append(f"Settings of all rows: {show_settings(section.shared)}.")
    if any(mark(section.label, row.predictor) for row in section.rows):
        found.append(f"{SAW_TEST} Learnt accuracies on test images: nothing may be chosen with it.")
    return found


def predictors_to_csv(table: PredictorTable) -> str:
    """One line per predictor; accuracies are fractions."""
    lines = [
        {
            **{"dataset": section.dataset, "data_note": section.data_note},
            **{"train_networks": section.train_networks, "label": section.label},
            **{"variant": section.variant, "predictor": row.predictor, "settings": row.label},
            **{"parameters": row.parameters, "n": row.kendall_tau.n},
            **columns("kendall_tau", row.kendall_tau),
            **columns("r2", row.r2),
            **columns("mae", row.mae),
            **columns("difference", row.difference),
            **_ends("kendall_tau", row.tau_interval),
            **_ends("r2", row.r2_interval),
            **_ends("difference", row.difference_interval),
            "difference_n": row.difference and row.difference.n,
            "run_seconds": row.seconds and row.seconds.mean,
            "shipped": row.shipped,
        }
        for section in table
        for row in section.rows
    ]
    whole = ("train_networks", "parameters", "difference_n")
    frame = pd.DataFrame(lines).astype(dict.fromkeys(whole, "Int64"))
    return str(frame.to_csv(index=False, lineterminator="\n"))


def mark(*texts: str | None) -> str:
    """The mark of predictors that learnt accuracies on test images."""
    return f" {SAW_TEST}" if any(TEST_LABEL in text for text in texts if text) else ""


def _span(interval: tuple[float, float] | None, form: str) -> str:
    return f"{interval[0]:{form}} to {interval[1]:{form}}" if interval else ""


def _ends(name: str, interval: tuple[float, float] | None) -> dict[str, float | None]:
    low, high = interval or (None, None)
    return {f"{name}_low_95": low, f"{name}_high_95": high}
