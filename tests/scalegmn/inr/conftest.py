import pytest
import torch
from sklearn.datasets import load_digits

from scalegmn.inr import Fitter
from scalegmn.inr.builder import INRBuilder
from scalegmn.inr.images import NumberedImages
from scalegmn.targets import Siren

DATASET = {"name": "digits", "classes": 10}
COUNTS = {"train": 9, "val": 4, "test": 5}


@pytest.fixture(scope="session")
def digit_splits():
    """Small splits of digits of 8x8 pixels; those of val follow those of train in one data set."""
    digits = load_digits()
    pixels = torch.from_numpy(digits.images[:, None] * 255 / 16).to(torch.uint8)
    labels = torch.from_numpy(digits.target).long()
    splits, first = {}, 0
    for split, count in COUNTS.items():
        rows = slice(first, first + count)
        numbers = torch.arange(count) + (9 if split == "val" else 0)
        splits[split] = NumberedImages(pixels[rows], labels[rows], numbers)
        first += count
    return splits


@pytest.fixture(scope="session")
def build(digit_splits):
    """Build in a folder; returns what the builder does."""

    def build(folder, progress=lambda done, total: None, **changes):
        arguments = {"fits_per_image": 2, "at_once": 3, "seed": 7, **changes}
        builder = INRBuilder(
            folder=folder, siren=Siren(1, (4, 5)), fitter=Fitter(steps=8), **arguments
        )
        return builder.build(
            digit_splits, dataset=DATASET, device=torch.device("cpu"), progress=progress
        )

    return build


@pytest.fixture(scope="session")
def siren():
    return Siren(1, (4, 5))
