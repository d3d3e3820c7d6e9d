from pathlib import Path

import pytest
import yaml

from reporting import Run
from reporting.grid import to_markdown
from reporting.networks import tabulate
from reporting.overview import GRIDS, accuracy_grid, lines_of, lost_grid

CONF = Path(__file__).parents[2] / "conf"
PROTOCOL = {
    "target.net.width": 16,
    "finetune.lr": [0.01, 0.001, 0.0001],
    "finetune.max_epochs": 100,
    "selection.gauge": "raw",
}


def grid(make, *runs):
    (section,) = tabulate(Run(run) for run in runs)
    return to_markdown(make(section, mark_shipped=False)).splitlines()


def accuracies(*runs):
    return grid(accuracy_grid, *runs)


def lost(*runs):
    return grid(lost_grid, *runs)


def test_a_method_is_a_line_and_a_sparsity_a_column_and_the_best_is_bold(run):
    runs = [run(sparsity=s, test_acc=0.5 - s / 5, dataset="digits") for s in (0.6, 0.9)]
    runs += [run(s, test_acc=s / 10, dataset="digits", method="snip") for s in (3, 5)]
    assert accuracies(*runs) == [
        "| method | n | 0 % | 60 % | 90 % |",
        "| --- | --- | --- | --- | --- |",
        "| dense | 1 | 57.00 |  |  |",
        "| magnitude | 1 |  | 38.00 | 32.00 |",
        "| snip | 2 |  | – | **40.00 ± 14.14** |",
    ]


def test_points_lost_are_of_each_dense_network(run):
    runs = [run(1, dense_hash=str(d), dense_acc=d, test_acc=d - 0.1) for d in (0.5, 0.6)]
    runs.append(run(3, method="snip", test_acc=0.6, dense_hash="0.5", dense_acc=0.5))
    table = lost(*runs)
    assert "| magnitude | 2 | – | – | – | 10.00 ± 0.00 |" in table
    assert "| snip | 1 | – | – | – | **-10.00** |" in table
    assert not [line for line in table if line.startswith("| dense ")]


def test_rows_with_other_budgets_are_no_competitors(run):
    shorter = PROTOCOL | {"finetune.max_epochs": 10}
    runs = [
        run(method="snip", test_acc=0.4, protocol=PROTOCOL),
        run(method="magnitude", test_acc=0.3, protocol=PROTOCOL),
        run(method="random", test_acc=0.5, protocol=shorter),
    ]
    text = "\n".join(accuracies(*runs))
    assert "**40.00**" in text and text.count("**") == 2
    balanced = PROTOCOL | {"selection.gauge": "balanced"}
    runs[2] = run(method="random", test_acc=0.5, protocol=balanced)
    text = "\n".join(accuracies(*runs))
    assert "**50.00**" in text and text.count("**") == 2


def test_engines_compete(run):
    engines = [PROTOCOL | {"finetune.engine": e} for e in ("stacked", "lightning")]
    text = "\n".join(accuracies(*(run(protocol=p, test_acc=0.1) for p in engines)))
    assert text.count("**10.00**") == 2


def test_the_papers_rows_are_beside_ours_and_methods_without_a_run_are_missing(run):
    table = accuracies(run(protocol=PROTOCOL, test_acc=0.5))
    assert table.index("| magnitude | 1 |  | – | – | – | 50.00 |") + 1 == table.index(
        "| *magnitude, published* | *1* | *57.21* | *52.27* | *41.06* | *27.00* | *15.88* |"
    )
    assert "| l1 | 0 |  | – | – | – | – |" in table
    assert "| *imp, published* | *1* | *2.34* | *10.39* | *23.36* | *43.88* |" in lost(
        run(protocol=PROTOCOL)
    )


@pytest.mark.parametrize(
    "other",
    [
        {"dataset": "digits"},
        {"target": "vgg19"},
        {"protocol": PROTOCOL | {"target.net.width": 32}},
    ],
)
def test_other_networks_and_images_have_no_published_rows(run, other):
    assert "published" not in "".join(accuracies(run(**other)))


def test_choices_at_the_edge_of_a_grid_are_marked_and_epochs_are_shown(run):
    rows = [run(finetune_lr=lr, protocol=PROTOCOL) for lr in (0.01,)]
    rows += [run(finetune_lr=0.001, protocol=PROTOCOL, method="snip", epochs_before_finetune=0)]
    rows += [run(s, protocol=PROTOCOL, method="gmp", epochs_before_finetune=s) for s in (7, 9)]
    table = accuracies(*rows)
    assert "| magnitude |  | 1 |  | – | – | – | **40.00**\\* |" in table
    assert "| snip | 0 | 1 |  | – | – | – | **40.00** |" in table
    assert "| gmp | 7–9 | 2 |  | – | – | – | **40.00 ± 0.00** |" in table


def test_lines_are_in_the_order_of_methods(run):
    (section,) = tabulate(Run(run(method=m)) for m in ("random", "mine", "magnitude"))
    names = [line.name for line in lines_of(section)]
    assert names == [
        *("dense", "scalegmn_eq", "scalegmn_inv", "magnitude", "imp", "l1", "random", "mine"),
    ]


@pytest.mark.parametrize(("target", "dataset"), GRIDS)
def test_expected_sparsities_are_those_of_the_target(target, dataset):
    config = yaml.safe_load((CONF / "target" / f"{target}.yaml").read_text())
    assert tuple(config["target"]["sparsities"]) == GRIDS[target, dataset]
    assert {"override /data": dataset} in config["defaults"]
