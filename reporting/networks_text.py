"""Table of pruned networks as Markdown and LaTeX."""

from reporting.grid import to_latex
from reporting.grid import to_markdown as grid_to_markdown
from reporting.networks import Section, Table
from reporting.networks_parts import Part, parts_of
from reporting.text import EDGE, section_marks, shipped_note

CAPTION = (
    "Accuracies are of test images, in percent: mean ± sample standard deviation over n pairs of a "
    "dense network and a seed (dense: over n networks). Sparsity is the fraction of prunable "
    "parameters that was asked for; zeros are counted in the saved networks, among weights and "
    "among all parameters. Rate is the learning rate of fine-tuning with the lowest validation "
    f"loss, and of how many; {EDGE} marks the lowest or highest of a grid. Epochs are those over "
    "the images before fine-tuning."
)
LATEX_HEAD = r"""% In a document: \usepackage{booktabs,xcolor} and \input{table}. On its own:
% \documentclass{article}\usepackage[margin=1cm]{geometry}\usepackage{booktabs,xcolor}
% \begin{document}\input{table}\end{document}
"""
# Tables that a paper shows.
PRINTED = ("Test accuracy", "Points lost")


def caption(table: Table) -> str:
    """Explain the columns of the table and the results that it has."""
    return f"{CAPTION} {shipped_note(row.shipped for section in table for row in section.rows)}"


def to_markdown(table: Table) -> str:
    """The table with one part per section."""
    blocks = ["# Results", caption(table)]
    for section in table:
        blocks.append(f"## {title(section)}")
        for part in parts_of(section, table):
            blocks.append(f"### {part.heading}")
            blocks += [part.intro] * bool(part.intro)
            blocks += [grid_to_markdown(part.grid)] if part.grid else []
            if part.notes:
                blocks.append(_list(part))
    return "\n\n".join(blocks) + "\n"


def to_summary(table: Table) -> str:
    """The first part of each section, for the terminal."""
    blocks = []
    for section in table:
        first = parts_of(section, table)[0]
        blocks += [f"## {title(section)}", *([grid_to_markdown(first.grid)] if first.grid else [])]
        blocks += first.notes
    return "\n\n".join(blocks) + "\n"


def to_latex_tables(table: Table) -> str:
    """Accuracies and points lost of each section, with the rules of booktabs."""
    blocks = [LATEX_HEAD]
    for section in table:
        for part in parts_of(section, table):
            if part.heading in PRINTED and part.grid:
                about = f"{title(section)}. {part.intro} {' '.join(part.notes)}"
                blocks.append(to_latex(part.grid, caption=about))
    return "\n\n".join(blocks) + "\n"


def title(section: Section) -> str:
    """The name of a section, with its marks."""
    label = f", {section.label}" if section.label else ""
    return f"{section.target} on {section.dataset}{label}{section_marks(section)}"


def _list(part: Part) -> str:
    """Sentences as paragraphs, or as a list where there is nothing else."""
    return "\n".join(f"* {n}" for n in part.notes) if not part.grid else "\n\n".join(part.notes)
