import numpy as np
import pytest
import torch

from datamodules.gray import luma, mean


def test_luma_is_that_of_pil():
    image = pytest.importorskip("PIL.Image")
    x = torch.randint(256, (1, 3, 300, 300), dtype=torch.uint8)
    expected = np.array(image.fromarray(x[0].permute(1, 2, 0).numpy()).convert("L"))
    assert torch.equal(luma(x)[0, 0], torch.from_numpy(expected))


@pytest.mark.parametrize(
    ("to_gray", "weights"), [(luma, [0.299, 0.587, 0.114]), (mean, [1 / 3, 1 / 3, 1 / 3])]
)
def test_gray_is_the_rounded_mixture_of_the_channels(to_gray, weights):
    x = torch.randint(256, (50, 3, 8, 8), dtype=torch.uint8)
    mixture = torch.einsum("nchw,c->nhw", x.double(), torch.tensor(weights).double())
    assert (to_gray(x)[:, 0] - mixture).abs().max() <= 0.5 + 1e-2


@pytest.mark.parametrize("to_gray", [luma, mean])
def test_gray_stays_gray(to_gray):
    level = torch.arange(256, dtype=torch.uint8)[:, None, None, None]
    assert torch.equal(to_gray(level.expand(-1, 3, 1, 1)), level)
