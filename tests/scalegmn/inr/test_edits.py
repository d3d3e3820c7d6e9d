import pytest
import torch
from torch.testing import assert_close

from scalegmn.inr import Contrast, Dilation, Identity

IMAGE = [
    [2, 175, 0, 0, 233, 0, 0],
    [194, 0, 225, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 55],
    [0, 0, 0, 0, 0, 0, 0],
    [134, 0, 0, 102, 0, 0, 238],
    [0, 0, 0, 0, 191, 0, 0],
]
# cv2.dilate(image, np.ones((size, size), np.uint8), iterations=1) of OpenCV 5.0.0.
DILATED = {
    3: [
        [194, 225, 225, 233, 233, 233, 0],
        [194, 225, 225, 233, 233, 233, 55],
        [194, 225, 225, 225, 0, 55, 55],
        [134, 134, 102, 102, 102, 238, 238],
        [134, 134, 102, 191, 191, 238, 238],
        [134, 134, 102, 191, 191, 238, 238],
    ],
    5: [
        [225, 225, 233, 233, 233, 233, 233],
        [225, 225, 233, 233, 233, 233, 233],
        [225, 225, 233, 233, 238, 238, 238],
        [225, 225, 225, 225, 238, 238, 238],
        [134, 134, 191, 191, 238, 238, 238],
        [134, 134, 191, 191, 238, 238, 238],
    ],
}


@pytest.mark.parametrize("size", DILATED)
def test_dilation_is_opencv_s(size):
    image = torch.tensor(IMAGE)[None, None] / 255
    expected = torch.tensor(DILATED[size])[None, None] / 255
    assert torch.equal(Dilation(size)(image), expected)


def test_outside_of_the_image_nothing_is_the_maximum():
    assert torch.equal(Dilation()(torch.full((1, 1, 3, 3), -2.0)), torch.full((1, 1, 3, 3), -2.0))


def test_more_batch_axes_are_edited_alike():
    images = torch.rand(2, 3, 1, 5, 5)
    assert torch.equal(Dilation()(images)[1], Dilation()(images[1]))
    assert Dilation()(images[0, 0]).shape == (1, 5, 5)


def test_contrast_is_around_the_mean_of_the_luma():
    image = torch.tensor([[[[0.2, 0.4]], [[0.6, 0.6]], [[0.5, 0.1]]]])
    mean = (0.299 * 0.3 + 0.587 * 0.6 + 0.114 * 0.3) * torch.ones(1)
    assert_close(Contrast(1.5)(image), (1.5 * image - 0.5 * mean).clamp(0, 1))
    assert_close(Contrast(0.0)(image), mean.expand_as(image))
    assert torch.equal(Contrast(1.0)(image), image)


def test_contrast_of_gray_images_stays_within_bounds():
    image = torch.tensor([0.0, 0.4, 0.6, 1.0]).view(1, 1, 2, 2)
    assert_close(Contrast(3.0)(image).flatten(), torch.tensor([0.0, 0.2, 0.8, 1.0]))


def test_identity_changes_nothing():
    image = torch.rand(2, 3, 4, 4)
    assert torch.equal(Identity()(image), image)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Dilation(2), "model.edit.size must be odd, got 2"),
        (lambda: Dilation(0), "model.edit.size must be a whole number"),
        (lambda: Contrast(-1.0), "model.edit.factor must be a number at least 0"),
    ],
)
def test_impossible_edits_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
