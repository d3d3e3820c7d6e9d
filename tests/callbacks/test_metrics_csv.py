import csv

import pytest

from callbacks.metrics_csv import MetricsCSV
from lightning_modules.classifier import Classifier


def rows(file):
    with file.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def fit(net, data, make_trainer, tmp_path):
    file = tmp_path / "metrics.csv"

    def fit(max_epochs, checkpoint=None):
        trainer = make_trainer(max_epochs=max_epochs, callbacks=[MetricsCSV(file)])
        trainer.fit(Classifier(net), datamodule=data, ckpt_path=checkpoint, weights_only=True)
        return trainer, rows(file)

    return fit


def test_one_row_per_epoch_with_all_metrics(fit):
    trainer, found = fit(3)
    assert [row["epoch"] for row in found] == ["0", "1", "2"]
    assert [row["step"] for row in found] == ["5", "10", "15"]
    assert float(found[-1]["val/loss"]) == trainer.callback_metrics["val/loss"].item()
    assert found[0]["train/loss"] > found[-1]["train/loss"] > "0"
    assert found[0]["lr"] == "0.001"


def test_a_resumed_fit_continues_the_table(fit, tmp_path):
    trainer, first = fit(2)
    trainer.save_checkpoint(tmp_path / "two.ckpt")
    fit(3, tmp_path / "two.ckpt")
    # A row of an epoch that is repeated is replaced, and so is a stale one.
    _, found = fit(4, tmp_path / "two.ckpt")
    assert [row["epoch"] for row in found] == ["0", "1", "2", "3"]
    assert found[:2] == first


def test_a_fresh_fit_starts_a_fresh_table(fit):
    fit(2)
    _, found = fit(1)
    assert [row["epoch"] for row in found] == ["0"]


def test_a_metric_that_appears_late_gets_a_column(fit, tmp_path):
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,step\n")
    _, found = fit(1)
    assert found[0]["val/accuracy"]
