"""The report as one HTML page without external files."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from reporting.grid import to_html
from reporting.inrs import INRTable
from reporting.inrs_text import CAPTION as INRS
from reporting.inrs_text import inrs_grid, inrs_notes, inrs_title
from reporting.networks import Section, Table
from reporting.networks_parts import Part, parts_of
from reporting.networks_text import caption, title
from reporting.predictor_rows import PredictorTable
from reporting.predictors_text import (
    ERRORS,
    errors_grid,
    predictors_caption,
    predictors_grid,
    predictors_notes,
    predictors_title,
)

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; border-bottom: 2px solid #ddd; }
.table { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th { white-space: nowrap; border-bottom: 2px solid #888; }
td { white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal; min-width: 14rem; }
tbody tr:hover { background: #f4f6f8; }
td.published { color: #767676; font-style: italic; }
figure { margin: 1.5rem 0; }
img { max-width: 100%; height: auto; }
p, li, figcaption { color: #444; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: bold; margin: 1rem 0; }
"""
FIRST = {"curves.png": "Test accuracy over sparsity"}
OF_NETWORKS = {
    "gaps.png": "Promised and actual accuracy over sparsity",
    "layers.png": "Zeros in each layer",
    "pareto.png": "Test accuracy over parameters left",
    "training.png": "Losses over epochs",
}
OF_PREDICTORS = {
    "predictors.png": "Kendall's τ of all predictors",
    "learning_curves.png": "Kendall's τ over the number of networks to train",
}


def html_page(
    networks: Table,
    predictors: PredictorTable,
    figures: Mapping[str, bytes],
    inrs: INRTable = (),
) -> str:
    """All tables and figures on one page.

    Args:
        networks: the table of pruned networks.
        predictors: the table of predictors.
        figures: PNG images by file name.
        inrs: the table of editors and classifiers of INRs.
    """
    body = []
    if networks:
        body += ["<h1>Results</h1>", _contents([title(section) for section in networks], "n")]
        body.append(_text(caption(networks)))
        body += _images(figures, FIRST)
        for place, section in enumerate(networks):
            body.append(f'<h2 id="n{place}">{escape(title(section))}</h2>')
            body += _section(section, networks)
        if shown := _images(figures, OF_NETWORKS):
            body += ["<h2>Figures</h2>", *shown]
    if predictors:
        titles = [predictors_title(group) for group in predictors]
        body += ["<h1>Predictors</h1>", _contents(titles, "p")]
        body.append(_text(predictors_caption(predictors)))
        body += _images(figures, OF_PREDICTORS)
        for place, group in enumerate(predictors):
            body.append(f'<h2 id="p{place}">{escape(titles[place])}</h2>')
            body.append(to_html(predictors_grid(group, predictors)))
            if (errors := errors_grid(group, predictors)) is not None:
                body += [_text(ERRORS), to_html(errors)]
            body += map(_text, predictors_notes(group))
    if inrs:
        body += ["<h1>Implicit neural representations</h1>", _text(INRS)]
        for part in inrs:
            body += [f"<h2>{escape(inrs_title(part))}</h2>", to_html(inrs_grid(part))]
            body += map(_text, inrs_notes(part))
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Results</title><style>{STYLE}</style>"
        # An icon of its own, so that browsers ask nobody for one.
        '<link rel="icon" href="data:,">'
    )
    content = "\n".join(body)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{content}</body></html>\n'


def _section(section: Section, table: Table) -> list[str]:
    lines = []
    for part in parts_of(section, table):
        inside = [_text(part.intro)] * bool(part.intro)
        inside += [to_html(part.grid)] if part.grid else []
        inside += map(_text, part.notes) if part.grid else [_list(part)]
        heading = escape(part.heading)
        if part.minor:
            lines.append(f"<details><summary>{heading}</summary>")
            lines += [*inside, "</details>"]
        else:
            lines += [f"<h3>{heading}</h3>", *inside]
    return lines


def _contents(titles: list[str], prefix: str) -> str:
    links = (
        f'<li><a href="#{prefix}{place}">{escape(text)}</a></li>'
        for place, text in enumerate(titles)
    )
    return f"<nav><ul>{''.join(links)}</ul></nav>"


def _text(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _list(part: Part) -> str:
    return f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in part.notes)}</ul>"


def _images(figures: Mapping[str, bytes], captions: Mapping[str, str]) -> list[str]:
    return [
        f'<figure><img alt="{escape(text)}" '
        f'src="data:image/png;base64,{b64encode(figures[name]).decode()}">'
        f"<figcaption>{escape(text)}</figcaption></figure>"
        for name, text in captions.items()
        if name in figures
    ]
