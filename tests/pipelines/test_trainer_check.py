import pytest
from omegaconf import OmegaConf

from pipelines.trainer_check import check_trainer

USUAL = {"max_epochs": 3, "limit_train_batches": 1.0, "limit_val_batches": 2}


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"max_epochs": -1}, "trainer.max_epochs=-1: a run needs an end"),
        ({"max_epochs": None}, "trainer.max_epochs=null: a run needs an end"),
        ({"max_epochs": 0}, "trainer.max_epochs=0: a run needs an end"),
        ({"limit_train_batches": 0.0}, "trainer.limit_train_batches=0: nothing would be trained"),
        ({"limit_val_batches": 0}, "trainer.limit_val_batches=0: the best epoch is chosen by"),
        ({"limit_test_batches": 0}, "trainer.limit_test_batches=0: results are accuracies on"),
        ({"overfit_batches": 1}, "trainer.overfit_batches=1: would validate and test on training"),
        ({"overfit_batches": 0.1}, "trainer.overfit_batches=0.1: would validate"),
        ({"fast_dev_run": True}, "trainer.fast_dev_run: leaves no results"),
    ],
)
def test_settings_that_break_a_promise_are_refused(setting, message):
    with pytest.raises(ValueError, match=message):
        check_trainer(OmegaConf.create({"trainer": USUAL | setting}))


@pytest.mark.parametrize("setting", [{}, {"overfit_batches": 0.0}, {"limit_test_batches": 0.5}])
def test_usual_settings_pass(setting):
    check_trainer(OmegaConf.create({"trainer": USUAL | setting}))
