import csv
from io import StringIO

from reporting import Results, Run
from reporting.inrs import tabulate_inrs
from reporting.inrs_text import inrs_to_csv, inrs_to_markdown
from reporting.page import html_page

PROTOCOL = {"data.folder": "inrs"}


def editor(seed, mse, setting="ScaleGMN (sign), forward", **options):
    errors = {"test_mse": mse, "test_unedited_mse": 0.09, "test_constant_mse": 0.16}
    options = {"protocol": PROTOCOL, "dataset": "inrs", "setting": setting} | options
    return Results(experiment="e", seed=seed, metrics=errors | {"parameters": 10}, **options)


def classifier(seed, accuracy):
    metrics = {"test_acc": accuracy, "test_loss": 2.0, "train_inrs": 8, "parameters": 20}
    facts = {"protocol": PROTOCOL, "dataset": "inrs", "setting": "MLP"}
    return Results(experiment="e", seed=seed, metrics=metrics, **facts)


RUNS = [editor(0, 0.25), editor(1, 0.75), editor(0, 0.08, "MLP"), classifier(0, 0.25)]


def table(*runs):
    return tabulate_inrs(map(Run, runs))


def test_rows_are_means_over_seeds_beside_what_is_without_editing():
    classification, editing = table(*RUNS)
    assert [(row.method, row.score.mean, row.score.n) for row in editing.rows] == [
        ("ScaleGMN (sign), forward", 0.5, 2),
        ("the best constant of each image", 0.16, 1),
        ("the INRs as they are", 0.09, 1),
        ("MLP", 0.08, 1),
    ]
    (row,) = classification.rows
    assert (row.score.mean, row.loss.mean, row.parameters) == (0.25, 2.0, 20)


def test_other_settings_are_other_rows_and_the_latest_of_a_seed_counts():
    one, two = (PROTOCOL | {"optimizer.lr": lr} for lr in (1, 2))
    errors = [(0.05, one), (0.04, two), (0.03, two)]
    (section,) = table(*(editor(0, error, protocol=protocol) for error, protocol in errors))
    assert [(r.name, r.score.mean, r.score.n) for r in section.rows[2:]] == [
        ("ScaleGMN (sign), forward (optimizer lr 1)", 0.05, 1),
        ("ScaleGMN (sign), forward (optimizer lr 2)", 0.03, 1),
    ]


def test_other_inrs_are_another_section_and_debugging_is_left_out():
    runs = [editor(0, 0.05, protocol={"data.folder": f}) for f in ("a", "b")]
    assert len(table(*runs, editor(0, 0.01, protocol={"data.folder": "c"}, debug=True))) == 2


def test_a_network_to_prune_is_none_of_their_settings():
    targets = ({"target.net.width": width} for width in (8, 16))
    (section,) = table(*(editor(i, 0.05, protocol=PROTOCOL | t) for i, t in enumerate(targets)))
    assert section.rows[-1].score.n == 2 and section.shared == {"data.folder": "inrs"}


def test_what_is_written():
    text = inrs_to_markdown(table(*RUNS))
    assert "## Editing, inrs" in text and "| 50.00 ± 35.36 |" in text and "| 25.00 |" in text
    lines = list(csv.DictReader(StringIO(inrs_to_csv(table(*RUNS)))))
    assert [(line["method"], line["test_acc"]) for line in lines][0] == ("MLP", "0.25")
    page = html_page([], [], {}, table(*RUNS))
    assert "<h2>Classification, inrs</h2>" in page and "50.00 ± 35.36" in page
