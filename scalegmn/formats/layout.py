"""Positions of a network's variables in a row of the Small CNN Zoo."""

import csv
import re
from dataclasses import dataclass
from math import prod
from pathlib import Path

from scalegmn.formats.paths import existing_file

COLUMNS = {"varname", "start_idx", "end_idx", "size", "shape"}


@dataclass(frozen=True)
class Variable:
    """One tensor of a row, which follows the tensor before it without a gap.

    Args:
        layer: the layer's name in TensorFlow, such as ``sequential/conv2d_1``.
        kind: ``bias`` or ``kernel``.
        shape: in TensorFlow's order: ``(h, w, in, out)``, ``(in, out)`` or ``(out,)``.
    """

    layer: str
    kind: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.shape)


Layout = tuple[Variable, ...]

SMALL_CNN: Layout = (
    Variable("sequential/conv2d", "bias", (16,)),
    Variable("sequential/conv2d", "kernel", (3, 3, 1, 16)),
    Variable("sequential/conv2d_1", "bias", (16,)),
    Variable("sequential/conv2d_1", "kernel", (3, 3, 16, 16)),
    Variable("sequential/conv2d_2", "bias", (16,)),
    Variable("sequential/conv2d_2", "kernel", (3, 3, 16, 16)),
    Variable("sequential/dense", "bias", (10,)),
    Variable("sequential/dense", "kernel", (16, 10)),
)


def read_layout(path: Path) -> Layout:
    """Read a zoo's ``layout.csv``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it may not be read, or a line (named) is not as the zoo writes it.
    """
    path = existing_file(path, "a zoo's layout.csv")
    try:
        # Spreadsheets put a byte-order mark before the first column's name.
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: is not in UTF-8; copy the zoo's layout.csv again") from error
    return _parse(path, text)


def _parse(path: Path, text: str) -> Layout:
    rows = csv.DictReader(text.splitlines())
    if not COLUMNS <= set(rows.fieldnames or ()):
        raise ValueError(f"{path}: expected the columns {', '.join(sorted(COLUMNS))}")
    variables: list[Variable] = []
    for row in rows:
        start = sum(variable.size for variable in variables)
        variables.append(_variable(row, start, f"{path}, line {rows.line_num}"))
    if not variables:
        raise ValueError(f"{path}: lists no variables; copy the zoo's layout.csv again")
    return tuple(variables)


def _variable(row: dict[str, str], start: int, where: str) -> Variable:
    name = re.fullmatch(r"(?P<layer>.+)/(?P<kind>bias|kernel)(:\d+)?", row["varname"] or "")
    if name is None:
        raise ValueError(f"{where}: {row['varname']!r} is not the name of a bias or a kernel")
    variable = Variable(name["layer"], name["kind"], _shape(row["shape"] or "", where))
    found = (row["start_idx"], row["end_idx"], row["size"])
    expected = (str(start), str(start + variable.size), str(variable.size))
    if found != expected:
        raise ValueError(f"{where}: start, end and size are {found}, expected {expected}")
    return variable


def _shape(text: str, where: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\(\d+(, *\d+)*,?\)", text):
        raise ValueError(f"{where}: {text!r} is not a shape such as (3, 3, 16, 16)")
    return tuple(map(int, re.findall(r"\d+", text)))
