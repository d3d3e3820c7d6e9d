import numpy as np
import torch
from torch.testing import assert_close

from scalegmn.inr import pixel_grid, render
from scalegmn.targets import Siren


def test_the_grid_is_numpy_s_meshgrid_as_in_public_inrs():
    axes = np.linspace(-1, 1, 5, dtype=np.float32), np.linspace(-1, 1, 3, dtype=np.float32)
    expected = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    assert_close(pixel_grid(3, 5), torch.from_numpy(expected))


def test_the_first_coordinate_is_that_of_the_column(float64):
    siren = Siren(2, (4,))
    params = dict(siren.named_parameters())
    image = render(siren, params, 3, 5)
    assert image.shape == (2, 3, 5)
    at = siren(torch.tensor([[0.5, -1.0]]))  # column 3 of 5, row 0
    assert_close(image[:, 0, 3], at[0])


def test_a_batch_has_one_image_each():
    siren = Siren()
    params = {n: torch.stack([p, 2 * p]) for n, p in siren.state_dict().items()}
    images = render(siren, params, 4, 4)
    assert images.shape == (2, 1, 4, 4)
    assert_close(images[0], render(siren, siren.state_dict(), 4, 4))
