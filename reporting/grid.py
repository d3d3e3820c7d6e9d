"""Tables of cells that may be bold or grey, as Markdown, HTML and LaTeX."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LATEX = {
    **{char: f"\\{char}" for char in "&%$#_{}"},
    **{"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\\": r"\textbackslash{}"},
    **{"<": "$<$", ">": "$>$", "±": r"$\pm$", "−": "$-$", "–": "--", "θ": r"$\theta$"},
    **{"τ": r"$\tau$", "λ": r"$\lambda$", "²": "$^2$", "†": r"$\dagger$", "‡": r"$\ddagger$"},
    **{"§": r"\S{}", "→": r"$\to$", "≤": r"$\le$", "×": r"$\times$", "’": "'"},
}


@dataclass(frozen=True)
class Cell:
    """One entry of a table.

    Args:
        text: what it shows.
        mark: behind it, never bold.
        bold: for the best of a column.
        grey: for what others have measured.
    """

    text: str
    mark: str = ""
    bold: bool = False
    grey: bool = False


@dataclass(frozen=True)
class Grid:
    """A table.

    Args:
        columns: their names; the first one is text, the others are numbers.
        rows: as many cells each.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @classmethod
    def of(cls, lines: Sequence[dict[str, str]]) -> "Grid":
        """Of plain lines with the same keys, without the columns that have no value."""
        columns = [name for name in lines[0] if any(line[name] for line in lines)]
        rows = tuple(tuple(Cell(line[name]) for name in columns) for line in lines)
        return cls(tuple(columns), rows)

    def marks(self) -> str:
        """All marks that occur."""
        return "".join(cell.mark + cell.text for row in self.rows for cell in row)


def to_markdown(grid: Grid) -> str:
    """Bold for the best, italic for what is grey elsewhere."""
    head = [f"| {' | '.join(grid.columns)} |", "|" + " --- |" * len(grid.columns)]
    return "\n".join([*head, *(f"| {' | '.join(map(_markdown, row))} |" for row in grid.rows)])


def to_html(grid: Grid) -> str:
    """A table with a head and a body, all text escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in grid.columns)
    rows = ("<tr>" + "".join(map(_html, row)) + "</tr>" for row in grid.rows)
    body = "\n".join(rows)
    return (
        '<div class="table"><table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )


def to_latex(grid: Grid, *, caption: str) -> str:
    """A floating table with the rules of booktabs.

    Args:
        grid: the table.
        caption: plain text above it.
    """
    columns = "l" + "r" * (len(grid.columns) - 1)
    lines = [
        *(r"\begin{table}", r"\centering\small", rf"\caption{{{latex_text(caption)}}}"),
        *(rf"\begin{{tabular}}{{{columns}}}", r"\toprule"),
        " & ".join(map(latex_text, grid.columns)) + r" \\",
        r"\midrule",
        *(" & ".join(map(_latex, row)) + r" \\" for row in grid.rows),
        *(r"\bottomrule", r"\end{tabular}", r"\end{table}"),
    ]
    return "\n".join(lines)


def latex_text(text: str) -> str:
    """Plain text with everything escaped that LaTeX would read otherwise."""
    return re.sub(r".", lambda match: LATEX.get(match[0], match[0]), text, flags=re.S)


def _markdown(cell: Cell) -> str:
    text = cell.text.replace("|", "\\|")
    if cell.bold or cell.grey:
        stars = "**" if cell.bold else "*"
        mark = cell.mark.replace("*", "\\*")
        return f"{stars}{text}{stars}{mark}" if text else mark
    return text + cell.mark


def _html(cell: Cell) -> str:
    text = escape(cell.text)
    inside = (f"<b>{text}</b>" if cell.bold else text) + escape(cell.mark)
    return f'<td class="published">{inside}</td>' if cell.grey else f"<td>{inside}</td>"


def _latex(cell: Cell) -> str:
    text = latex_text(cell.text)
    text = rf"\textbf{{{text}}}" if cell.bold else text
    text += latex_text(cell.mark)
    return rf"\textcolor{{gray}}{{{text}}}" if cell.grey and text else text
