import pytest
import torch

from lightning_modules.gathered_predictions import GatheredPredictions


def test_every_network_counts_once_and_is_forgotten_by_a_reset():
    gathered = GatheredPredictions()
    logit, label, sparsity = torch.randn(7), torch.rand(7), torch.rand(7)
    for rows in (slice(0, 4), slice(4, 7)):
        gathered.update(logit[rows], label[rows], sparsity[rows])
    found = gathered.predictions()
    torch.testing.assert_close(found.predicted, logit.sigmoid())
    assert torch.equal(found.label, label) and torch.equal(found.sparsity, sparsity)
    gathered.reset()
    gathered.update(logit[:2], label[:2], sparsity[:2])
    assert len(gathered.predictions()) == 2


def test_half_precision_and_graphs_are_left_behind():
    gathered = GatheredPredictions()
    logit = torch.randn(3, dtype=torch.bfloat16, requires_grad=True)
    gathered.update(logit, torch.rand(3), torch.zeros(3))
    found = gathered.predictions()
    assert found.predicted.dtype == torch.float32 and not found.predicted.requires_grad
    assert found.predicted.tolist() == pytest.approx(logit.detach().float().sigmoid().tolist())


def test_a_split_of_one_network_is_a_split():
    gathered = GatheredPredictions()
    gathered.update(torch.zeros(1), torch.rand(1), torch.zeros(1))
    assert len(gathered.predictions()) == 1
