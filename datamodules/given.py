"""Datasets and loaders that are there already, as a data module."""

from collections.abc import Sequence
from typing import Any

from lightning import LightningDataModule
from torch.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
)

from datamodules.images import VAL_FRACTION
from datamodules.splits import hold_out_rows

BATCH_SIZE = 256
SPLIT_SEED = 42

Given = Dataset[Any] | DataLoader[Any]


class GivenData(LightningDataModule):
    """Datasets or loaders of ``(x, y)`` for training, validation and testing.

    Without validation images, a tenth of the training images is held out for every choice, by a
    fixed seed; the last one is for the report only. Datasets are batched by 256, and shuffled for
    training.

    Args:
        parts: ``(train, test)`` or ``(train, val, test)``.

    Raises:
        ValueError: if they are something else, or nothing can be held out of the first.
    """

    def __init__(self, parts: Sequence[object]) -> None:
        super().__init__()
        known = [part for part in parts if isinstance(part, Dataset | DataLoader)]
        if len(known) != len(parts) or len(parts) not in (2, 3):
            raise ValueError(
                f"data is ({', '.join(type(part).__name__ for part in parts)}): expected (train, "
                "test) or (train, val, test), each a Dataset or a DataLoader, or a "
                "LightningDataModule"
            )
        train, *others = [_loader(part, training=i == 0) for i, part in enumerate(known)]
        self._train, val = (train, others[0]) if len(others) == 2 else _held_out(train)
        self._val, self._test = val, others[-1]

    def train_dataloader(self) -> DataLoader[Any]:
        return self._train

    def val_dataloader(self) -> DataLoader[Any]:
        return self._val

    def test_dataloader(self) -> DataLoader[Any]:
        return self._test


def _loader(part: Given, *, training: bool) -> DataLoader[Any]:
    if isinstance(part, DataLoader):
        return part
    return DataLoader(part, BATCH_SIZE, shuffle=training and not isinstance(part, IterableDataset))


def _held_out(loader: DataLoader[Any]) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """The loader without a tenth of its images, and these."""
    rows: Any = loader.dataset
    known = type(loader.sampler) in (RandomSampler, SequentialSampler)
    if isinstance(rows, IterableDataset) or loader.batch_size is None or not known:
        raise ValueError(
            f"data: no validation images can be held out of a {type(rows).__name__} with a "
            f"{type(loader.sampler).__name__}: give (train, val, test)"
        )
    options: dict[str, Any] = {
        "batch_size": loader.batch_size,
        "num_workers": loader.num_workers,
        "collate_fn": loader.collate_fn,
        "pin_memory": loader.pin_memory,
    }
    rest, held_out = hold_out_rows(len(rows), VAL_FRACTION, seed=SPLIT_SEED)
    shuffle = isinstance(loader.sampler, RandomSampler)
    train = DataLoader(
        Subset(rows, rest.tolist()), shuffle=shuffle, drop_last=loader.drop_last, **options
    )
    return train, DataLoader(Subset(rows, held_out.tolist()), **options)
