from dataclasses import replace

import pytest
import torch
from matplotlib.colors import to_rgb

from reporting import PrunedRow, Results
from reporting.run_figures import row_label, run_figures
from reporting.style import COLOURS


@pytest.fixture
def results(run):
    one = run(sparsity=0.5)
    other = PrunedRow(sparsity=0.75, test_acc=0.2, method="random")
    return replace(one, pruned=(*one.pruned, other))


def states(results):
    weight = torch.ones(4, 4)
    weight[:2] = 0
    state = {"a.weight": weight, "b.weight": torch.zeros(2, 2), "a.bias": torch.zeros(4)}
    return {row_label(results, row): state for row in results.pruned}


def test_a_run_has_accuracies_and_fractions_of_zeros_of_each_weight(results):
    figures = run_figures(results, states(results))
    assert set(figures) == {"accuracy", "layers"}
    (axes,) = figures["layers"].axes
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a.weight", "b.weight"]
    assert [bar.get_height() for bar in axes.containers[0]] == [50, 100]
    labels = [text.get_text() for text in figures["layers"].legends[0].get_texts()]
    assert labels == ["magnitude 50 %", "random 75 %"]
    assert len(figures["accuracy"].axes) == 1


def test_colours_are_methods_and_shades_are_sparsities(run):
    rows = tuple(PrunedRow(sparsity=s, test_acc=0.5) for s in (0.5, 0.9))
    results = replace(run(), pruned=rows)
    pale, strong = run_figures(results, states(results))["layers"].axes[0].containers
    own = to_rgb(COLOURS["magnitude"])
    assert strong[0].get_facecolor()[:3] == pytest.approx(own)
    assert sum(pale[0].get_facecolor()[:3]) > sum(own)


def test_a_run_on_some_batches_only_has_figures_of_its_own(results):
    assert set(run_figures(replace(results, debug=True), {})) == {"accuracy"}


def test_a_run_without_pruned_networks_has_none(run):
    assert run_figures(replace(run(), pruned=()), {}) == {}
    assert run_figures(Results(experiment="e", seed=0), {}) == {}
