import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from callbacks import SparsityMonitor


@pytest.fixture
def fit(net, data, make_trainer, module_of, tmp_path):
    class Rewriting(module_of):
        values = torch.tensor([0.0, 1e-6, 0.5, -2.0])

        def rewritten(self):
            return {"a.weight": self.values}

    def fit(monitor, values=Rewriting.values, module=Rewriting, logged=True, **kwargs):
        module.values = values
        logger = TensorBoardLogger(tmp_path, name="", version="") if logged else False
        make_trainer(callbacks=[monitor], logger=logger, **kwargs).fit(module(net), **data)
        events = EventAccumulator(str(tmp_path), size_guidance={"histograms": 0})
        events.Reload()
        return events

    fit.plain = module_of
    return fit


def test_it_logs_fractions_and_histograms_and_no_figure(fit):
    events = fit(SparsityMonitor(threshold=1e-3, every_n_epochs=2), max_epochs=5)
    found = [(e.step, e.value) for e in events.Scalars("near_zero/a.weight")]
    assert found == [(10, 0.5), (20, 0.5), (25, 0.5)]
    assert [e.step for e in events.Histograms("log10_magnitude/a.weight")] == [10, 20, 25]
    lowest = events.Histograms("log10_magnitude/a.weight")[0].histogram_value
    assert lowest.min == pytest.approx(-12) and lowest.num == 4
    assert not events.Tags()["images"]


def test_parameters_that_are_not_finite_have_no_histogram(fit):
    events = fit(SparsityMonitor(), torch.full((3,), float("nan")))
    assert events.Scalars("near_zero/a.weight")[0].value == 0
    assert not events.Tags()["histograms"]


def test_without_tensorboard_nothing_happens(fit):
    assert not fit(SparsityMonitor(), logged=False).Tags()["scalars"]


def test_the_method_can_have_any_name(fit):
    class Own(fit.plain):
        def layers(self):
            return dict(self.net.named_parameters())

    events = fit(SparsityMonitor(params="layers"), module=Own)
    assert "near_zero/0.weight" in events.Tags()["scalars"]


def test_a_module_without_the_method_is_refused(fit):
    with pytest.raises(ValueError, match=r"Plain has no method rewritten\(\): write one"):
        fit(SparsityMonitor(), module=fit.plain)


@pytest.mark.parametrize("wrong", [{"every_n_epochs": 0}, {"threshold": 0.0}])
def test_numbers_are_above_zero(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        SparsityMonitor(**wrong)
