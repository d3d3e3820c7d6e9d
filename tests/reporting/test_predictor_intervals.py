import gzip

import pytest
import torch

from reporting import Results, Run
from reporting.predictions import NAME, read_predictions, write_predictions
from reporting.predictors import tabulate_predictors
from reporting.predictors_text import predictors_to_csv, predictors_to_markdown
from scalegmn.predictor import Predictions


def predictions(noise, n=60, seed=0):
    draw = torch.Generator().manual_seed(seed)
    label = torch.rand(n, generator=torch.Generator().manual_seed(9))
    predicted = label + noise * torch.randn(n, generator=draw)
    return Predictions(predicted, label, torch.zeros(n))


def run(folder, name, seed, found, family=None):
    folder.mkdir(exist_ok=True)
    rows = torch.arange(len(found))
    write_predictions(folder / NAME, found, rows=rows, family=family)
    metrics = {"train_networks": 5, **found.scores()}
    results = Results(experiment="e", seed=seed, predictor=name, dataset="zoo", metrics=metrics)
    return Run(results, folder=folder)


def test_what_was_written_is_read_in_the_order_of_the_split(tmp_path):
    found = Predictions(*(torch.tensor(v) for v in ([0.3, 0.1, 0.2], [0.6, 0.4, 0.5], [0.0] * 3)))
    rows = torch.tensor([2, 0, 1])
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / NAME
        write_predictions(file, found, rows=rows, family=torch.tensor([5, 5, 6]))
    assert (tmp_path / "a" / NAME).read_bytes() == (tmp_path / "b" / NAME).read_bytes()
    read = read_predictions(tmp_path / "a")
    assert read.predicted == pytest.approx([0.1, 0.2, 0.3])
    assert (read.label == pytest.approx([0.4, 0.5, 0.6])) and list(read.family) == [5, 5, 6]
    text = gzip.decompress((tmp_path / "a" / NAME).read_bytes()).decode()
    assert text.splitlines()[0] == "network,family,label,prediction,sparsity"


def test_damaged_predictions_are_named_and_left_out(tmp_path, caplog):
    (tmp_path / NAME).write_bytes(b"damaged")
    assert read_predictions(tmp_path) is None
    assert str(tmp_path / NAME) in caplog.text
    assert read_predictions(tmp_path / "nowhere") is None


def test_rows_have_intervals_and_paired_differences_on_the_same_networks(tmp_path):
    runs = [run(tmp_path / f"s{s}", "StatNN", s, predictions(0.3, seed=s)) for s in (0, 1)]
    runs += [run(tmp_path / f"g{s}", "GMN", s, predictions(0.1, seed=7 + s)) for s in (0, 1)]
    (section,) = tabulate_predictors(runs)
    best, baseline = section.rows
    for row in section.rows:
        for value, (low, high) in (
            (row.kendall_tau, row.tau_interval),
            (row.r2, row.r2_interval),
        ):
            assert low < value.mean < high
    assert best.difference_interval[0] > 0 and baseline.difference_interval is None
    low, high = best.difference_interval
    assert low < best.difference.mean < high
    # Paired on the same networks: narrower than from two independent intervals.
    apart = sum(r.tau_interval[1] - r.tau_interval[0] for r in section.rows)
    assert high - low < apart
    text = predictors_to_markdown([section])
    assert "τ, 95 % (networks)" in text and f"{low:+.4f} to {high:+.4f}" in text
    assert "difference_low_95" in predictors_to_csv([section])


def test_without_predictions_of_every_seed_there_is_no_interval(tmp_path):
    first = run(tmp_path / "a", "MLP", 0, predictions(0.1))
    second = Run(run(tmp_path / "b", "MLP", 1, predictions(0.2)).results)
    (section,) = tabulate_predictors([first, second])
    assert section.rows[0].tau_interval is None


def test_other_test_networks_give_no_difference(tmp_path):
    runs = [run(tmp_path / "s", "StatNN", 0, predictions(0.3))]
    runs.append(run(tmp_path / "g", "GMN", 0, predictions(0.1, n=50)))
    (section,) = tabulate_predictors(runs)
    assert section.rows[0].difference_interval is None
    assert section.rows[0].tau_interval is not None
