import csv
from dataclasses import replace

from reporting import plot_curves, tabulate, to_csv, to_markdown


def test_markdown_shows_percent_with_the_dense_row_first(run):
    runs = [
        run(1, test_acc=0.40, test_acc_before_finetune=0.2, sparsity=0.95),
        run(2, test_acc=0.42, test_acc_before_finetune=0.2, sparsity=0.95),
    ]
    text = to_markdown(tabulate(runs))
    assert text.index("| dense | 0 % | 57.00 |  | 1 |") < text.index(
        "| magnitude | 95 % | 41.00 ± 1.41 | 20.00 ± 0.00 | 2 |"
    )
    assert "†" not in text
    assert "‡" not in text


def test_marks_tell_of_the_data_and_of_a_dense_network_that_saw_validation(run):
    text = to_markdown(tabulate([run(data_note="jpeg q75 copy", dense_acc=0.62)]))
    assert "| dense †‡ |" in text
    assert "| magnitude †‡ |" in text
    assert "† The dense network was trained on validation images." in text
    assert "‡ Images: jpeg q75 copy." in text


def test_a_missing_dense_network_is_said(run):
    text = to_markdown(tabulate([replace(run(), dense=None)]))
    assert "| dense | 0 % | not measured |" in text


def test_every_line_of_a_markdown_table_has_as_many_cells(run):
    table = tabulate([run(), replace(run(dataset="digits"), dense=None)])
    lines = [line for line in to_markdown(table).splitlines() if line.startswith("|")]
    assert {line.count("|") for line in lines} == {6}


def test_csv_has_fractions_and_one_line_per_row(run):
    table = tabulate([run(data_note="one, two", test_acc_before_finetune=0.25)])
    dense, pruned = csv.DictReader(to_csv(table).splitlines())
    assert (dense["method"], dense["test_acc"], dense["before_finetune"]) == ("dense", "0.57", "")
    assert (pruned["sparsity"], pruned["test_acc"]) == ("0.9", "0.4")
    assert (pruned["before_finetune"], pruned["data_note"]) == ("0.25", "one, two")
    assert None not in pruned


def test_the_picture_has_a_panel_per_group_and_a_line_per_method(run, tmp_path):
    runs = [run(method="dense", sparsity=0.0), run(method="random"), run(dataset="digits")]
    runs += [run(test_acc_before_finetune=0.1, sparsity=s) for s in (0.6, 0.9)]
    figure = plot_curves(tabulate(runs))
    labels = [panel.get_legend_handles_labels()[1] for panel in figure.axes]
    assert labels == [
        ["dense", "dense, fine-tuned", "magnitude", "random"],
        ["dense", "magnitude"],
    ]
    figure.savefig(tmp_path / "curves.png")
