import csv
from dataclasses import replace

from reporting import Run
from reporting.networks import tabulate
from reporting.networks_csv import to_csv
from reporting.networks_text import title, to_markdown


def table(*runs):
    return tabulate(Run(run) for run in runs)


def test_markdown_shows_percent_with_the_dense_row_first(run):
    facts = {"sparsity": 0.95, "test_acc_before_finetune": 0.2, "finetune_lr": 0.01}
    facts |= {"weight_sparsity": 0.9499, "parameter_sparsity": 0.94, "epochs_before_finetune": 300}
    text = to_markdown(table(run(1, test_acc=0.40, **facts), run(2, test_acc=0.42, **facts)))
    head = "| method | sparsity | zeros: weights | zeros: all | test accuracy | "
    assert f"{head}before fine-tuning | rate | epochs | n |" in text
    dense = "| dense | 0 % |  |  | 57.00 |  |  |  | 1 |"
    magnitude = "| magnitude | 95 % | 94.99 % | 94.00 % | 41.00 ± 1.41 | 20.00 ± 0.00 | 0.01 | 300"
    assert 0 < text.index(dense) < text.index(f"{magnitude} | 2 |")
    assert "†" not in text and "‡" not in text and "§" not in text


def test_columns_without_any_value_are_left_out(run):
    text = to_markdown(table(run()))
    assert "| method | sparsity | test accuracy | n |" in text
    assert "| magnitude | 90 % | 40.00 | 1 |" in text


def test_the_chosen_rate_has_its_candidates_and_a_mark_at_the_edge(run):
    facts = {"finetune_lr": 0.01, "protocol": {"finetune.lr": [0.01, 0.001]}}
    assert "| 0.01*, best of 2 |" in to_markdown(table(run(**facts)))
    facts = {"finetune_lr": 0.01, "protocol": {"finetune.lr": [0.1, 0.01, 0.001]}}
    assert "| 0.01, best of 3 |" in to_markdown(table(run(**facts)))
    # A file without a protocol may know it nevertheless.
    assert "| 0.01* |" in to_markdown(table(run(finetune_lr=0.01, finetune_lr_at_edge=True)))


def test_marks_are_explained(run):
    text = to_markdown(table(run(data_note="jpeg q75 copy", saw_validation=True)))
    assert "| dense †‡ |" in text and "| magnitude †‡ |" in text
    assert "† The dense network was trained on validation images." in text
    assert "‡ Images: jpeg q75 copy." in text


def test_rows_that_came_with_the_project_are_marked_beside_the_users(run):
    own, shipped = Run(run(test_acc=0.5)), Run(run(test_acc=0.4), shipped=True)
    text = to_markdown(tabulate([own, shipped]))
    assert "| magnitude | 90 % | 50.00 |" in text and "| magnitude § | 90 % | 40.00 |" in text
    assert "§ came with the project." in text
    assert "reference=true" in to_markdown(tabulate([own]))
    text = to_markdown(tabulate([shipped]))
    assert "§" not in text and "All rows came with the project." in text


def test_settings_of_all_rows_are_a_sentence(run):
    protocol = {"target.net.width": 16, "prune_biases": False, "finetune.lr": [0.01, 0.001]}
    protocol |= {"pruner.score._target_": "scalegmn.pruning.magnitude"}
    text = to_markdown(table(run(protocol=protocol)))
    settings = "finetune.lr=[0.001, 0.01], prune_biases=false, pruner.score=magnitude, "
    settings += "target.net.width=16"
    assert f"\nSettings of all rows: {settings}.\n" in text


def test_a_missing_dense_network_is_a_row(run):
    text = to_markdown(table(replace(run(), dense=None)))
    assert "| dense | 0 % | not measured | 0 |" in text


def test_every_line_of_a_table_has_as_many_cells(run):
    found = table(run(), replace(run(method="mine | yours"), dense=None))
    blocks = [b for b in to_markdown(found).split("\n\n") if b.startswith("|")]
    assert len(blocks) >= 3
    for block in blocks:
        counts = [line.replace("\\|", "").count("|") for line in block.splitlines()]
        assert len(set(counts)) == 1, block


def test_a_setting_is_in_the_title(run):
    _, balanced = table(run(), run(setting="balanced gauge", data_note="copy"))
    assert title(balanced) == "small_cnn on cifar10_gray, balanced gauge ‡"


def test_csv_has_fractions_and_one_line_per_row(run):
    found = table(run(data_note="one, two", test_acc_before_finetune=0.25, finetune_lr=0.01))
    dense, pruned = csv.DictReader(to_csv(found).splitlines())
    assert (dense["method"], dense["test_acc"], dense["before_finetune"]) == ("dense", "0.57", "")
    assert (pruned["sparsity"], pruned["test_acc"]) == ("0.9", "0.4")
    assert (pruned["before_finetune"], pruned["data_note"]) == ("0.25", "one, two")
    assert (pruned["finetune_lr"], pruned["finetune_lr_candidates"]) == ("0.01", "")
    assert pruned["shipped"] == "False"
    assert None not in pruned


def test_zeros_are_ordered_as_numbers(run):
    facts = [{"weight_sparsity": s, "parameter_sparsity": s} for s in (0.0998, 0.1002)]
    rows = [run(method=m, sparsity=0.1, **f) for m, f in zip("ab", facts, strict=True)]
    assert "at 10 %: 9.98 to 10.02 % of the weights" in to_markdown(table(*rows))
