import numpy as np
import torch

from reporting.image_grid import image_grid


def test_a_row_for_each_example_and_a_column_for_each_kind():
    gray, colour = torch.rand(3, 1, 4, 5), torch.rand(3, 3, 4, 5) * 3 - 1
    figure = image_grid({"original": gray, "edited": colour}, "dilation")
    axes = np.array(figure.axes).reshape(3, 2)
    assert [a.get_title() for a in axes[0]] == ["original", "edited"]
    shown = axes[2, 0].images[0].get_array()
    assert np.allclose(shown, gray[2, 0].numpy())
    assert np.allclose(axes[1, 1].images[0].get_array(), colour[1].clamp(0, 1).permute(1, 2, 0))
