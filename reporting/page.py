"""The report as one HTML page without external files."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape
from io import BytesIO

from matplotlib.figure import Figure

from reporting.networks import Table
from reporting.networks_text import PAIRED, caption, differences_frame, notes, section_frame, title
from reporting.predictors import PredictorTable
from reporting.predictors_text import (
    predictors_caption,
    predictors_frame,
    predictors_notes,
    predictors_title,
)
from reporting.text import html_table

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
img { max-width: 100%; height: auto; }
p { color: #444; overflow-wrap: anywhere; }
"""


def html_page(networks: Table, predictors: PredictorTable, figures: Mapping[str, Figure]) -> str:
    """All tables and figures on one page.

    Args:
        networks: the table of pruned networks.
        predictors: the table of predictors.
        figures: by file name; those of predictors follow the table of predictors.
    """
    of_networks = {name: figure for name, figure in figures.items() if name == "curves.png"}
    of_predictors = {name: f for name, f in figures.items() if name not in of_networks}
    parts = []
    if networks:
        parts += ["<h1>Results</h1>", *map(_image, of_networks.items()), _text(caption(networks))]
        for section in networks:
            parts += [f"<h2>{escape(title(section))}</h2>"]
            parts += [html_table(section_frame(section, networks)), *map(_text, notes(section))]
            paired = differences_frame(section)
            if not paired.empty:
                parts += ["<h3>Paired differences</h3>", _text(PAIRED), html_table(paired)]
    if predictors:
        parts += ["<h1>Predictors</h1>", *map(_image, of_predictors.items())]
        parts += [_text(predictors_caption(predictors))]
        for group in predictors:
            parts += [f"<h2>{escape(predictors_title(group))}</h2>"]
            parts += [html_table(predictors_frame(group, predictors))]
            parts += map(_text, predictors_notes(group))
    head = f'<meta charset="utf-8"><title>Results</title><style>{STYLE}</style>'
    # An icon of its own, so that browsers ask nobody for one.
    icon = '<link rel="icon" href="data:,">'
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}{icon}</head>\n<body>{body}</body></html>\n'
    )


def _text(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _image(item: tuple[str, Figure]) -> str:
    name, figure = item
    content = BytesIO()
    figure.savefig(content, format="png", dpi=110)
    source = f"data:image/png;base64,{b64encode(content.getvalue()).decode()}"
    return f'<img alt="{escape(name.partition(".")[0].replace("_", " "))}" src="{source}">'
