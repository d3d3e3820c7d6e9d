import io
import logging
import re

import pytest
from lightning import Callback
from rich import get_console, reconfigure

from callbacks import EarlyStoppedFineTuning, FitProgress
from callbacks.progress import _bar


@pytest.fixture
def lines(net, data, make_trainer, module_of, caplog):
    caplog.set_level(logging.INFO, "callbacks.progress")

    def lines(progress, *others, **kwargs):
        trainer = make_trainer(callbacks=[progress, *others], **kwargs)
        trainer.fit(module_of(net), **data)
        found = [r.getMessage() for r in caplog.records if r.name == "callbacks.progress"]
        assert all(": train/loss " in line and "val/loss" in line for line in found)
        return [line.partition(": train")[0] for line in found]

    return lines


def test_without_a_terminal_there_are_some_lines(lines):
    assert lines(FitProgress("a fit", lines=2), max_epochs=5) == [
        "a fit: epoch 1 of 5",
        "a fit: epoch 3 of 5",
        "a fit: epoch 5 of 5",
    ]


def test_a_short_fit_has_a_line_per_epoch(lines):
    assert len(lines(FitProgress(), max_epochs=4)) == 4


def test_a_long_fit_has_some_thirty(lines):
    found = lines(FitProgress(), max_epochs=100, limit_train_batches=1)
    assert 25 <= len(found) <= 32
    assert found[0].endswith("epoch 1 of 100") and found[-1].endswith("epoch 100 of 100")


class Stop(Callback):
    def on_train_epoch_end(self, trainer, pl_module):
        trainer.should_stop = trainer.current_epoch == 4


def test_a_fit_that_is_stopped_shows_its_last_epoch(lines):
    found = lines(FitProgress("a fit"), Stop(), max_epochs=200)
    assert found == ["a fit: epoch 1 of 200", "a fit: epoch 5 of 200"]


def test_a_fit_of_steps_has_its_last_epoch_too(lines):
    assert lines(FitProgress("a fit", lines=1), max_epochs=-1, max_steps=15) == [
        "a fit: epoch 1 of 3",
        "a fit: epoch 3 of 3",
    ]


def test_a_fit_of_unknown_length_has_fewer_and_fewer_lines(lines):
    found = lines(FitProgress("a fit"), Stop(), max_epochs=-1)
    assert found == [f"a fit: epoch {n}" for n in (1, 2, 4, 5)]


def test_fine_tuning_shows_where_it_stopped(lines):
    stop = EarlyStoppedFineTuning(patience=1)
    stop.min_delta = -1e3
    found = lines(FitProgress("a fit", lines=2), stop, max_epochs=50)
    assert found == ["a fit: epoch 1 of 50", "a fit: epoch 2 of 50"]


def test_lines_are_counted():
    with pytest.raises(ValueError, match="lines must be at least 1, got 0"):
        FitProgress(lines=0)


@pytest.fixture
def terminal():
    reconfigure(force_terminal=True, width=150)
    yield get_console()
    reconfigure()


def test_on_a_terminal_there_is_a_bar_that_goes_away(
    net, data, make_trainer, module_of, terminal, caplog
):
    caplog.set_level(logging.INFO, "callbacks.progress")
    progress = FitProgress("a fit")
    with terminal.capture() as capture:
        trainer = make_trainer(max_epochs=2, callbacks=[progress])
        trainer.fit(module_of(net), **data)
    assert "a fit" in capture.get() and "2/2" in capture.get()
    # The last thing is that the line is erased.
    assert capture.get().rstrip("\n").endswith("\x1b[2K")
    assert not [r for r in caplog.records if r.name == "callbacks.progress"]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_narrow_terminal_shortens_the_metrics_and_not_the_bar(width):
    bar = _bar()
    metrics = "train/loss 1.234, val/accuracy 0.5678, val/l1 1234, val/loss 1.234, val/total 2.345"
    bar.add_task("eq_prune_small_cnn", total=300, completed=123, metrics=metrics)
    reconfigure(file=io.StringIO(), width=width)
    try:
        get_console().print(bar.get_renderable())
        (line,) = get_console().file.getvalue().splitlines()
    finally:
        reconfigure()
    assert len(line) <= width
    # Eight of twenty places are filled.
    assert re.match("eq_prune_small_cnn ━{8} {12} 123/300 ", line)
    assert ("…" in line) == (width < 200) and (metrics in line) == (width == 200)
