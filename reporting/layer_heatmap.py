"""Heat maps of zeros by layer, for every method and sparsity."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from reporting.layers import zeros_by_layer
from reporting.networks import Row, Section, Table
from reporting.networks_text import title
from reporting.style import place_methods

# More layers than this are drawn below each other, one sparsity in a panel of full width.
FEW_LAYERS = 8
# Sequential in lightness, so that it is read without colours, too.
COLOURS = "cividis"


def plot_layers(table: Table) -> Figure | None:
    """Mean share of zeros of each layer; a cross marks layers without any weight left.

    A part per section; in it a panel per sparsity, a line per method and its settings, a column
    per layer. Grey: not counted at this sparsity.

    Returns:
        ``None`` if no run counted its layers or left its networks beside its results.
    """
    zeros = {
        id(s): {id(row): {} if row.is_dense else zeros_by_layer(row) for row in s.rows}
        for s in table
    }
    sections = [section for section in table if any(zeros[id(section)].values())]
    if not sections:
        return None
    heights = [_height(section, zeros[id(section)]) for section in sections]
    figure = Figure(figsize=(13, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(sections), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, section in zip(parts, sections, strict=True):
        found = zeros[id(section)]
        layers = list(dict.fromkeys(name for layer in found.values() for name in layer))
        sparsities = sorted({row.sparsity for row in section.rows if found[id(row)]})
        rows = _counted(section, found)
        place = place_methods(row.method for row in rows)
        names = sorted({row.name: place[row.method] for row in rows}.items(), key=lambda n: n[::-1])
        shape = _shape(len(sparsities), len(layers))
        panels = part.subplots(*shape, squeeze=False, sharex=True, sharey=True).ravel()
        image = None
        for axes, sparsity in zip(panels, sparsities, strict=True):
            of_panel = {row.name: found[id(row)] for row in rows if row.sparsity == sparsity}
            image = _draw(axes, of_panel, [name for name, _ in names], layers)
            axes.set_title(f"{100 * sparsity:.4g} %", fontsize="medium")
        part.suptitle(f"{title(section)}: zeros of each layer (×: no weight left)", fontsize=11)
        if image is not None:
            part.colorbar(image, ax=list(panels), label="zeros (%)", fraction=0.02, pad=0.01)
    return figure


def _counted(section: Section, found: dict[int, dict[str, float]]) -> list[Row]:
    """The rows of which something was measured at any sparsity."""
    names = {row.name for row in section.rows if found[id(row)] and not row.is_dense}
    return [row for row in section.rows if row.name in names]


def _shape(panels: int, layers: int) -> tuple[int, int]:
    return (1, panels) if layers <= FEW_LAYERS else (panels, 1)


def _height(section: Section, found: dict[int, dict[str, float]]) -> float:
    names = {row.name for row in _counted(section, found)}
    sparsities = {row.sparsity for row in section.rows if found[id(row)]}
    layers = {name for layer in found.values() for name in layer}
    return 1.6 + _shape(len(sparsities), len(layers))[0] * (0.5 + 0.19 * len(names))


def _draw(
    axes: Axes,
    zeros: dict[str, dict[str, float]],
    names: Sequence[str],
    layers: Sequence[str],
) -> AxesImage:
    values = np.array(
        [[100 * zeros.get(name, {}).get(layer, np.nan) for layer in layers] for name in names]
    )
    axes.set_facecolor("lightgray")
    image = axes.imshow(values, cmap=COLOURS, vmin=0, vmax=100, aspect="auto")
    empty = np.argwhere(values == 100)
    axes.plot(empty[:, 1], empty[:, 0], "x", color="#b2182b", markersize=5, linestyle="none")
    axes.set_xticks(range(len(layers)), [name.removesuffix(".weight") for name in layers])
    axes.tick_params(axis="x", rotation=45)
    axes.set_yticks(range(len(names)), names, fontsize="small")
    return image
