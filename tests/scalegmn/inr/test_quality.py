import math

import torch
from torch.testing import assert_close

from scalegmn.inr import psnr, squared_error


def test_an_error_of_a_tenth_is_20_db():
    target = torch.rand(3, 2, 4, 4)
    image = target + 0.1 * torch.tensor([1.0, -1.0, 0.1])[:, None, None, None]
    assert_close(squared_error(image, target), torch.tensor([0.01, 0.01, 0.0001]))
    assert_close(psnr(image, target), torch.tensor([20.0, 20.0, 40.0]))


def test_equal_images_have_an_infinite_ratio():
    image = torch.rand(1, 3, 3)
    assert psnr(image, image).item() == math.inf
