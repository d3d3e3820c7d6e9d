"""Tables of editors and classifiers of INRs as text."""

import pandas as pd

from reporting.grid import Grid, to_markdown
from reporting.inrs import EDITING, INRRow, INRSection, INRTable
from reporting.mean_sd import columns
from reporting.text import show_settings

CAPTION = (
    "On test INRs: mean ± sample standard deviation over n seeds. Errors of editing are mean "
    "squared errors of pixels, in hundredths; accuracies are in percent."
)


def inrs_to_markdown(table: INRTable) -> str:
    """The table with one part per section."""
    parts = ["# Implicit neural representations", CAPTION]
    for section in table:
        parts += [f"## {inrs_title(section)}", to_markdown(inrs_grid(section))]
        parts += inrs_notes(section)
    return "\n\n".join(parts) + "\n"


def inrs_title(section: INRSection) -> str:
    """The task and the INRs."""
    return f"{section.task.capitalize()}, {section.dataset}"


def inrs_grid(section: INRSection) -> Grid:
    """The rows of a section."""
    return Grid.of([_line(section, row) for row in section.rows])


def inrs_notes(section: INRSection) -> list[str]:
    """Sentences below a section: its data and the settings of all rows."""
    note = [f"{section.dataset}: {section.data_note}."] if section.data_note else []
    return [*note, f"Settings of all rows: {show_settings(section.shared)}."]


def inrs_to_csv(table: INRTable) -> str:
    """One line per method; errors and accuracies are not scaled."""
    lines = [
        {
            **{"task": section.task, "dataset": section.dataset, "method": row.method},
            **{"settings": row.label, "parameters": row.parameters, "n": row.score.n},
            **columns("test_mse" if section.task == EDITING else "test_acc", row.score),
            **columns("test_loss", row.loss),
        }
        for section in table
        for row in section.rows
    ]
    frame = pd.DataFrame(lines).astype({"parameters": "Int64"})
    return str(frame.to_csv(index=False, lineterminator="\n"))


def _line(section: INRSection, row: INRRow) -> dict[str, str]:
    editing = section.task == EDITING
    trained = row.parameters is not None
    return {
        "method": row.name,
        "parameters": f"{row.parameters:,}" if trained else "",
        "test MSE (hundredths)" if editing else "test accuracy (%)": row.score.show(),
        "test loss": row.loss.show(".3f", 1.0) if row.loss else "",
        "n": str(row.score.n) if trained else "",
    }
