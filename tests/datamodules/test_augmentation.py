import pytest
import torch

from datamodules.augmentation import OFFSETS, PADDING, crop, crop_and_flip


def noise(left, top, mirrored):
    return torch.tensor([left + OFFSETS * top + OFFSETS**2 * mirrored])


@pytest.fixture
def x():
    return torch.randint(1, 256, (1, 3, 6, 5), dtype=torch.uint8)


def test_the_middle_of_the_padded_image_is_the_image(x):
    assert torch.equal(crop_and_flip(x, noise(PADDING, PADDING, 0)), x)
    assert torch.equal(crop_and_flip(x, noise(PADDING, PADDING, 1)), x.flip(-1))


def test_a_shifted_image_is_black_where_it_ended(x):
    moved = crop(x, noise(PADDING + 1, PADDING - 2, 0))
    assert torch.equal(moved[:, :, 2:, :-1], x[:, :, :-2, 1:])
    assert not moved[:, :, :2].any()
    assert not moved[:, :, :, -1].any()


def test_crop_never_mirrors(x):
    assert torch.equal(crop(x, noise(PADDING, PADDING, 1)), x)


def test_a_batch_is_its_images_one_by_one():
    x = torch.randint(256, (40, 3, 6, 5), dtype=torch.uint8)
    noise = torch.randint(2**31, (40,))
    one_by_one = [crop_and_flip(x[i : i + 1], noise[i : i + 1]) for i in range(40)]
    assert torch.equal(crop_and_flip(x, noise), torch.cat(one_by_one))
    assert (
        len({image.numpy().tobytes() for image in crop_and_flip(x[:1].expand(40, 3, 6, 5), noise)})
        > 30
    )
