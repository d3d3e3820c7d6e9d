import logging

import pytest
from rich import get_console, reconfigure

from callbacks.progress import FitProgress
from lightning_modules.classifier import Classifier


def test_without_a_terminal_there_are_some_lines(net, data, make_trainer, caplog):
    caplog.set_level(logging.INFO, "callbacks.progress")
    progress = FitProgress("a fit", lines=2)
    make_trainer(max_epochs=5, callbacks=[progress]).fit(Classifier(net), datamodule=data)
    lines = [r.getMessage() for r in caplog.records if r.name == "callbacks.progress"]
    assert [line.partition(": train")[0] for line in lines] == [
        "a fit: epoch 2 of 5",
        "a fit: epoch 4 of 5",
    ]


@pytest.fixture
def terminal():
    reconfigure(force_terminal=True, width=150)
    yield get_console()
    reconfigure()


def test_on_a_terminal_there_is_a_bar_that_goes_away(net, data, make_trainer, terminal):
    progress = FitProgress("a fit")
    with terminal.capture() as capture:
        trainer = make_trainer(max_epochs=2, callbacks=[progress])
        trainer.fit(Classifier(net), datamodule=data)
    assert "a fit" in capture.get() and "2/2" in capture.get()
    # The last thing is that the line is erased.
    assert capture.get().rstrip("\n").endswith("\x1b[2K")
