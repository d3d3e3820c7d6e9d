from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file

from reporting import LayerRow, Run
from reporting.layer_heatmap import plot_layers
from reporting.layers import count_layers, zeros_by_layer
from reporting.networks import tabulate


def with_layers(result, **kept):
    layers = tuple(LayerRow(name=name, weights=10, nonzero=n) for name, n in kept.items())
    return replace(result, pruned=tuple(replace(row, layers=layers) for row in result.pruned))


def rows(*runs):
    (section,) = tabulate(runs)
    return [row for row in section.rows if not row.is_dense]


def test_weights_are_counted_and_biases_are_not():
    weight = torch.ones(2, 3)
    weight[0] = 0
    state = {"a.weight": weight, "a.bias": torch.zeros(2)}
    assert count_layers(state) == (LayerRow(name="a.weight", weights=6, nonzero=3),)


def test_zeros_are_means_over_networks(run):
    found = rows(Run(with_layers(run(1), a=10)), Run(with_layers(run(2), a=5)))
    assert zeros_by_layer(found[0]) == {"a": 0.25}


def test_files_beside_the_results_are_counted_where_the_run_did_not(run, tmp_path, caplog):
    state = {"fc.weight": torch.zeros(2, 2), "features.0.weight": torch.ones(2, 2)}
    save_file(state, tmp_path / "pruned_90.safetensors")
    one = run()
    named = replace(one, pruned=(replace(one.pruned[0], file="pruned_90.safetensors"),))
    (row,) = rows(Run(named, folder=tmp_path))
    assert list(zeros_by_layer(row).items()) == [("features.0.weight", 0), ("fc.weight", 1)]
    assert zeros_by_layer(rows(Run(named))[0]) == {}
    (tmp_path / "pruned_90.safetensors").write_bytes(b"damaged")
    assert zeros_by_layer(row) == {}
    assert "pruned_90.safetensors cannot be read" in caplog.text


def test_a_panel_per_sparsity_has_a_line_per_method_and_marks_empty_layers(run):
    runs = [
        with_layers(run(sparsity=s, method=m), a=5, b=0 if s == 0.9 and m == "magnitude" else 1)
        for s in (0.6, 0.9)
        for m in ("magnitude", "random")
    ]
    figure = plot_layers(tabulate([*map(Run, runs), Run(run(method="snip"))]))
    panels = [axes for axes in figure.axes if axes.get_images()]
    assert [axes.get_title() for axes in panels] == ["60 %", "90 %"]
    names = [label.get_text() for label in panels[0].get_yticklabels()]
    # The method without counts has no line.
    assert names == ["magnitude", "random"]
    values = panels[1].get_images()[0].get_array().tolist()
    assert values == [[50, 100], [50, pytest.approx(90)]]
    crosses = [line.get_xydata().tolist() for axes in panels for line in axes.get_lines()]
    assert crosses == [[], [[1.0, 0.0]]]


def test_many_layers_have_panels_below_each_other(run):
    many = {f"layer{i}": 1 for i in range(9)}
    figure = plot_layers(tabulate(Run(with_layers(run(sparsity=s), **many)) for s in (0.6, 0.9)))
    first, second = (axes for axes in figure.axes if axes.get_images())
    assert first.get_subplotspec().rowspan != second.get_subplotspec().rowspan


def test_without_counts_there_is_no_figure(run):
    assert plot_layers(tabulate([Run(run())])) is None
