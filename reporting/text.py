"""The marks that all tables share, and settings as text."""

from collections.abc import Iterable, Mapping

from reporting.grid import Grid
from reporting.networks import Section
from reporting.schema import ProtocolValue
from reporting.settings import plain_text

SAW_VALIDATION = "†"
DATA_NOTE = "‡"
SHIPPED = "§"
EDGE = "*"
SAW_TEST = "†"


def section_marks(section: Section) -> str:
    """The marks of all rows of a section, with a space before."""
    marks = SAW_VALIDATION * section.saw_validation + DATA_NOTE * bool(section.data_note)
    return f" {marks}" if marks else ""


def explain_marks(section: Section, grid: Grid) -> list[str]:
    """A sentence for each mark that a table has."""
    marks = grid.marks()
    found = []
    if SAW_VALIDATION in marks and section.saw_validation:
        found.append(f"{SAW_VALIDATION} The dense network was trained on validation images.")
    if DATA_NOTE in marks and section.data_note:
        found.append(f"{DATA_NOTE} Images: {section.data_note}.")
    if SHIPPED in marks:
        found.append(f"{SHIPPED} Came with the project.")
    if EDGE in marks:
        found.append(
            f"{EDGE} With the lowest or highest rate of its grid, beyond which a better one may "
            "lie."
        )
    return found


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
