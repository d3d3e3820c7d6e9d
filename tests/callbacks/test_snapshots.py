import pytest
import torch

from callbacks import Snapshots


@pytest.fixture
def fit(data, make_trainer, module_of):
    def fit(net, callback, epochs, ckpt_path=None):
        trainer = make_trainer(max_epochs=epochs, callbacks=[callback])
        trainer.fit(module_of(net), **data, ckpt_path=ckpt_path, weights_only=True)
        return trainer

    return fit


def test_each_epoch_leaves_a_copy(net, fit):
    snapshots = Snapshots(2)
    fit(net, snapshots, 4)
    first, last = snapshots.taken
    assert first.keys() == dict(net.named_parameters()).keys()
    assert torch.equal(last["0.weight"], net[0].weight)
    assert not torch.equal(first["0.weight"], net[0].weight)
    assert snapshots.steps[1] == 2 * snapshots.steps[0] > 0


def test_a_resumed_fit_has_those_of_earlier_sessions(net, fit, tmp_path):
    first, second = Snapshots(), Snapshots()
    fit(net, first, 2).save_checkpoint(tmp_path / "two.ckpt")
    fit(net, second, 3, tmp_path / "two.ckpt")
    assert len(second.taken) == len(second.steps) == 3 and second.steps[:2] == first.steps
    for ours, theirs in zip(second.taken, first.taken, strict=False):
        assert all(torch.equal(p, theirs[name]) for name, p in ours.items())


def test_an_epoch_at_least():
    with pytest.raises(ValueError, match="every_n_epochs must be at least 1, got 0"):
        Snapshots(0)
