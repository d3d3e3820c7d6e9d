from copy import deepcopy
from functools import partial

import pytest
import torch
from lightning import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import nn

from callbacks import EarlyStoppedFineTuning, StopOnDivergence

pytestmark = pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists")


class Set(Callback):
    """Sets the only weight in each epoch: the validation loss follows it."""

    def __init__(self, *values):
        self.values = values
        self.epochs = []

    def on_train_epoch_end(self, trainer, pl_module):
        self.epochs.append(trainer.current_epoch)

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
        if batch_idx == trainer.num_training_batches - 1:
            pl_module.net.value.data.fill_(self.values[trainer.current_epoch])


class Constant(nn.Module):
    """Logits whose cross-entropy grows with the square of a weight."""

    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(7.0))

    def forward(self, x):
        return torch.stack([self.value.square().expand(len(x)), *x.new_zeros(3, len(x))], 1)


@pytest.fixture
def fit(make_trainer, module_of, data, tmp_path):
    """Fits to labels that are never class 0; keeps a checkpoint of every epoch."""

    def fit(values, patience=2, ckpt_path=None, max_epochs=None, callbacks=(), **kwargs):
        for loader in data.values():
            loader.dataset.tensors[1].clamp_(min=1)
        setter = Set(*values)
        early = EarlyStoppedFineTuning("val/loss", patience=patience)
        keep = ModelCheckpoint(
            tmp_path, "{epoch}", save_top_k=-1, save_on_train_epoch_end=True, monitor=None
        )
        net = Constant()
        trainer = make_trainer(
            max_epochs=max_epochs or len(values),
            callbacks=[*callbacks, setter, early, keep],
            enable_checkpointing=True,
            **kwargs,
        )
        module = module_of(net, partial(torch.optim.SGD, lr=1e-9))
        trainer.fit(module, **data, ckpt_path=ckpt_path, weights_only=True)
        return float(net.value.detach()), setter.epochs

    return fit


NAN = float("nan")


def test_it_stops_after_its_patience_and_gives_the_best_weights_back(fit):
    assert fit([3.0, 2.0, 4.0, 5.0, 1.0]) == (2.0, [0, 1, 2, 3])


def test_a_fit_to_the_end_gives_the_best_weights_back(fit):
    assert fit([3.0, 2.0, 4.0], patience=9) == (2.0, [0, 1, 2])


def test_the_best_of_the_last_epoch_stays(fit):
    assert fit([3.0, 2.0, 1.0], patience=1) == (1.0, [0, 1, 2])


@pytest.mark.parametrize("epoch", range(4))
def test_it_can_be_resumed_after_any_epoch(fit, tmp_path, epoch):
    values = [3.0, 2.0, 4.0, 5.0, 1.0]
    best, epochs = fit(values)
    resumed = fit(values, ckpt_path=tmp_path / f"epoch={epoch}.ckpt")
    # Epoch 3 was its last one: it stops at once, as Lightning's own does not.
    assert resumed == (best, epochs[epoch + 1 :])


def test_a_finished_fit_resumed_gives_the_best_weights_again(fit, tmp_path):
    assert fit([3.0, 2.0, 4.0], patience=9)[0] == 2.0
    assert fit([3.0, 2.0, 4.0], patience=9, ckpt_path=tmp_path / "epoch=2.ckpt") == (2.0, [])


@pytest.mark.parametrize(
    ("values", "best"), [([3.0, 2.0, NAN, 1.0], 2.0), ([NAN, 1.0], 7.0)], ids=["later", "at once"]
)
def test_a_metric_that_is_not_finite_stops_it_without_an_error(fit, tmp_path, values, best):
    done = values.index(NAN)
    found = fit(values, callbacks=[StopOnDivergence()])
    assert found == (best, list(range(done + 1)))
    saved = torch.load(tmp_path / f"epoch={done}.ckpt", weights_only=True)
    assert saved["state_dict"]["net.value"] == best
    again = fit(values, ckpt_path=tmp_path / f"epoch={done}.ckpt")
    assert again == (best, [])


def test_epochs_without_validation_do_not_count(fit):
    values = [3.0, 2.5, 9.0, 2.0, 9.0, 4.0, 9.0, 5.0, 1.0, 1.0]
    assert fit(values, check_val_every_n_epoch=2) == (2.0, list(range(8)))


def test_checkpoints_hold_plain_values(fit, tmp_path):
    fit([3.0, 2.0])
    saved = torch.load(tmp_path / "epoch=1.ckpt", weights_only=True)["callbacks"]
    (state,) = (v for k, v in saved.items() if k.startswith("EarlyStoppedFineTuning"))
    assert state["best_weights"]["net.value"] == 2.0


def test_a_trial_run_changes_nothing_at_the_end(fit):
    assert fit([3.0], fast_dev_run=True)[0] == 3.0


def test_it_needs_patience_and_validation(fit):
    with pytest.raises(ValueError, match="patience must be at least 1 validation, got 0"):
        EarlyStoppedFineTuning(patience=0)
    with pytest.raises(ValueError, match="early stopping on val/loss needs validation"):
        fit([3.0], limit_val_batches=0)


def test_a_real_fit_resumed_is_the_uninterrupted_one(net, data, make_trainer, module_of, tmp_path):
    def fit(net, max_epochs, ckpt_path=None):
        trainer = make_trainer(
            max_epochs=max_epochs, callbacks=[EarlyStoppedFineTuning(patience=3)]
        )
        trainer.fit(module_of(net), **data, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    whole, parts = net, deepcopy(net)
    torch.manual_seed(1)
    fit(whole, 6)
    torch.manual_seed(1)
    last = tmp_path / "last.ckpt"

    class Save(Callback):
        def on_train_epoch_end(self, trainer, pl_module):
            trainer.save_checkpoint(last)

    trainer = make_trainer(max_epochs=3, callbacks=[EarlyStoppedFineTuning(patience=3), Save()])
    trainer.fit(module_of(parts), **data)
    fit(parts, 6, last)
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        assert torch.equal(a, b)
