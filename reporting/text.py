"""Tables of strings as Markdown and HTML, and the marks that all tables share."""

from collections.abc import Iterable, Mapping

import pandas as pd

from reporting.schema import ProtocolValue
from reporting.settings import plain_text

SAW_VALIDATION = "†"
DATA_NOTE = "‡"
SHIPPED = "§"
EDGE = "*"
SAW_TEST = "†"


def markdown_table(frame: pd.DataFrame) -> str:
    """A table of strings as Markdown."""
    head = [f"| {' | '.join(frame.columns)} |", "|" + " --- |" * len(frame.columns)]
    rows = frame.map(lambda cell: cell.replace("|", "\\|")).itertuples(index=False)
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


def html_table(frame: pd.DataFrame) -> str:
    """A table of strings as HTML, escaped."""
    return str(frame.to_html(index=False, escape=True, border=0))


def without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns that have a value in any row."""
    return frame.loc[:, (frame != "").any()]


def show_settings(settings: Mapping[str, ProtocolValue]) -> str:
    """Settings as ``key=value``, in the order of their keys; classes by their names."""
    shown = {key: _value(settings[key]) for key in sorted(settings)}
    return ", ".join(f"{key.removesuffix('._target_')}={value}" for key, value in shown.items())


def shipped_note(shipped: Iterable[bool]) -> str:
    """A sentence on results that came with the project, for the caption of a table."""
    found = set(shipped)
    if found == {True}:
        return "All rows came with the project."
    if True in found:
        return f"{SHIPPED} came with the project."
    return "Results that came with the project are left out; reference=true shows them, too."


def _value(value: ProtocolValue) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value:g}" if isinstance(value, float) else plain_text(value)
