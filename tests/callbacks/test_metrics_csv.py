import csv
from functools import partial

import pytest
from lightning import Callback
from lightning.pytorch.callbacks import LearningRateMonitor
from lightning.pytorch.loggers import TensorBoardLogger
from torch.optim import Adam
from torch.optim.lr_scheduler import ExponentialLR, StepLR

from callbacks import MetricsCSV


def rows(file):
    with file.open() as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def fit(net, data, make_trainer, module_of, tmp_path):
    file = tmp_path / "metrics.csv"

    def fit(max_epochs, checkpoint=None, *, callbacks=(), schedule=None, **kwargs):
        trainer = make_trainer(
            max_epochs=max_epochs, callbacks=[*callbacks, MetricsCSV(file)], **kwargs
        )
        module = module_of(net, partial(Adam, lr=1e-3), schedule)
        trainer.fit(module, **data, ckpt_path=checkpoint, weights_only=True)
        return trainer, rows(file)

    return fit


def test_one_row_per_epoch_with_all_metrics(fit):
    trainer, found = fit(3)
    assert [row["epoch"] for row in found] == ["0", "1", "2"]
    assert [row["step"] for row in found] == ["5", "10", "15"]
    assert float(found[-1]["val/loss"]) == trainer.callback_metrics["val/loss"].item()
    assert found[0]["train/loss"] > found[-1]["train/loss"] > "0"
    assert found[0]["lr"] == "0.001"


class Log(Callback):
    """Logs a constant in some epochs."""

    def on_train_epoch_end(self, trainer, pl_module):
        if trainer.current_epoch in (0, 3):
            pl_module.log("seldom", 1.0)


class Rates(Callback):
    """The rate that each epoch's last step really used."""

    def __init__(self):
        self.rates = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        if trainer.is_last_batch:
            self.rates.append(optimizer.param_groups[0]["lr"])


@pytest.mark.parametrize(
    "schedule", [partial(ExponentialLR, gamma=0.9), partial(StepLR, step_size=5, gamma=0.5)]
)
def test_the_rate_is_that_of_the_last_step(fit, schedule):
    rates = Rates()
    _, found = fit(3, callbacks=[rates], schedule=schedule)
    assert [float(row["lr"]) for row in found] == rates.rates
    assert len(set(rates.rates)) == 3


def validated(found):
    return [bool(row.get("val/loss")) for row in found]


def test_epochs_that_are_not_validated_have_no_value(fit):
    _, found = fit(5, check_val_every_n_epoch=2)
    assert validated(found) == [False, True, False, True, False]
    assert all(row["train/loss"] for row in found)


def test_an_epoch_that_is_cut_short_has_no_old_value(fit):
    _, found = fit(9, max_steps=12)
    assert [row["step"] for row in found] == ["5", "10", "12"]
    assert validated(found) == [True, True, False]


def test_without_validation_there_is_no_column(fit):
    _, found = fit(2, limit_val_batches=0)
    assert found[0].keys() == {"epoch", "step", "lr", "train/loss"}


def test_a_metric_that_is_logged_now_and_then_is_not_repeated(fit):
    _, found = fit(5, callbacks=[Log()])
    assert [row["seldom"] for row in found] == ["1.0", "", "", "1.0", ""]


def test_equal_values_are_no_old_values(fit):
    _, found = fit(3, check_val_every_n_epoch=1, limit_val_batches=1, max_steps=-1)
    assert validated(found) == [True] * 3


def test_a_resumed_fit_continues_the_table(fit, tmp_path):
    trainer, first = fit(2, schedule=partial(ExponentialLR, gamma=0.9))
    trainer.save_checkpoint(tmp_path / "two.ckpt")
    fit(3, tmp_path / "two.ckpt", schedule=partial(ExponentialLR, gamma=0.9))
    # A row of an epoch that is repeated is replaced, and so is a stale one.
    _, found = fit(4, tmp_path / "two.ckpt", schedule=partial(ExponentialLR, gamma=0.9))
    assert [row["epoch"] for row in found] == ["0", "1", "2", "3"]
    assert found[:2] == first
    assert [float(row["lr"]) for row in found] == pytest.approx(
        [1e-3 * 0.9**k for k in (4, 9, 14, 19)]
    )


def test_a_fresh_fit_starts_a_fresh_table(fit):
    fit(2)
    _, found = fit(1)
    assert [row["epoch"] for row in found] == ["0"]


def test_a_metric_that_appears_late_gets_a_column(fit, tmp_path):
    (tmp_path / "metrics.csv").write_text("epoch,step\n")
    _, found = fit(1)
    assert found[0]["val/loss"]


def test_what_a_learning_rate_monitor_adds_is_no_metric(fit, tmp_path):
    logger = TensorBoardLogger(tmp_path / "logs")
    _, found = fit(1, callbacks=[LearningRateMonitor()], logger=logger)
    assert found[0].keys() == {"epoch", "step", "lr", "train/loss", "val/loss"}
