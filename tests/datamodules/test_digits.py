import torch
from sklearn.datasets import load_digits

from datamodules.digits import Digits


def test_all_digits_are_in_one_of_three_splits():
    data = Digits(batch_size=100)
    data.setup()
    loaders = [data.train_dataloader(), data.val_dataloader(), data.test_dataloader()]
    labels = [torch.cat([y for _, y in loader]) for loader in loaders]
    assert [len(y) for y in labels] == [1295, 143, 359]
    assert torch.equal(
        torch.cat(labels).bincount(), torch.from_numpy(load_digits().target).bincount()
    )


def test_digits_look_like_what_the_small_cnn_expects():
    data = Digits(batch_size=2000)
    data.setup()
    x, y = next(iter(data.train_dataloader()))
    assert x.shape == (1295, data.in_channels, data.image_size, data.image_size)
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert (x.min(), x.max()) == (-1, 1)
    assert data.name == "digits"
