import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, WeightedRandomSampler

from datamodules.given import GivenData

ROWS = TensorDataset(torch.arange(100.0)[:, None], torch.arange(100))
OTHERS = TensorDataset(torch.arange(10.0)[:, None], torch.arange(10))


class Stream(IterableDataset):
    def __iter__(self):
        return iter([(torch.zeros(1), 0)])


def labels(loader):
    return torch.cat([y for _, y in loader]).tolist()


def parts(data):
    loaders = data.train_dataloader(), data.val_dataloader(), data.test_dataloader()
    return [labels(loader) for loader in loaders]


def test_three_parts_are_as_they_are():
    train, val, test = parts(GivenData((ROWS, OTHERS, DataLoader(OTHERS, batch_size=3))))
    assert sorted(train) == list(range(100)) != train
    assert val == test == list(range(10))


@pytest.mark.parametrize("train", [ROWS, DataLoader(ROWS, batch_size=7, shuffle=True)])
def test_of_two_a_tenth_of_the_first_is_held_out(train):
    first, again = (GivenData((train, OTHERS)) for _ in range(2))
    kept, val, test = parts(first)
    assert len(val) == 10 and sorted(kept + val) == list(range(100)) and test == list(range(10))
    assert val == parts(again)[1] and kept != parts(again)[0]
    assert first.train_dataloader().batch_size == (256 if train is ROWS else 7)


@pytest.mark.parametrize(
    "train",
    [
        DataLoader(ROWS, sampler=WeightedRandomSampler([1.0] * 100, 100)),
        DataLoader(Stream()),
        DataLoader(ROWS, batch_sampler=[[0, 1], [2, 3]]),
    ],
    ids=["sampler", "stream", "batch sampler"],
)
def test_what_nothing_can_be_held_out_of_needs_validation_images(train):
    with pytest.raises(ValueError, match=r"no validation images .* give \(train, val, test\)"):
        GivenData((train, OTHERS))
    assert GivenData((train, OTHERS, OTHERS)).train_dataloader() is train


@pytest.mark.parametrize("given", [(ROWS,), (ROWS, [1, 2]), (ROWS,) * 4])
def test_other_things_are_refused(given):
    with pytest.raises(ValueError, match=r"expected \(train, test\) or \(train, val, test\)"):
        GivenData(given)
