import torch

from lightning_modules.mean import Mean


def test_batches_count_by_their_size_and_nan_is_not_hidden():
    mean = Mean()
    mean.update(torch.tensor(200.0), 200)
    mean.update(torch.tensor(200.0), 100)
    assert mean.compute() == torch.tensor(400 / 300)
    mean.update(torch.tensor(torch.nan), 1)
    assert mean.compute().isnan()
    assert not mean.state_dict()
