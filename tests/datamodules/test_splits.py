import pytest
import torch

from datamodules.splits import Images, check_tensors


def images(pixels, labels):
    # The annotations of the class are checked in tests; users have no such check.
    made = object.__new__(Images)
    object.__setattr__(made, "pixels", pixels)
    object.__setattr__(made, "labels", labels)
    return made


PIXELS = torch.zeros(3, 1, 5, 5, dtype=torch.uint8)


def test_bytes_with_labels_pass():
    check_tensors(images(PIXELS, torch.arange(3)), "mine")


@pytest.mark.parametrize(
    ("pixels", "labels", "message"),
    [
        (PIXELS.float(), torch.arange(3), r"mine: expected bytes .* got torch.float32 of shape"),
        (PIXELS[:, 0], torch.arange(3), r"mine: expected bytes .* shape \[3, 5, 5\]"),
        (PIXELS, torch.arange(2), r"one int64 label for each of 3 images, .* shape \[2\]"),
        (PIXELS, torch.arange(3).int(), "one int64 label for each of 3 images, got torch.int32"),
        (PIXELS[:0], torch.arange(0), "one int64 label for each of 0 images"),
        (PIXELS, torch.arange(3) - 1, "mine: labels begin at 0, got -1"),
    ],
)
def test_other_tensors_are_refused(pixels, labels, message):
    with pytest.raises(ValueError, match=message):
        check_tensors(images(pixels, labels), "mine")
