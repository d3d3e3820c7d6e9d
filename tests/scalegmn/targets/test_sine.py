import math

import torch
from torch.testing import assert_close

from scalegmn.targets import Sine


def test_the_frequency_scales_the_input():
    x = torch.linspace(-1, 1, 9)
    assert_close(Sine(math.pi)(x / 2), torch.sin(math.pi * x / 2))
    assert not torch.allclose(Sine(2.0)(x), Sine(3.0)(x))


def test_sine_is_odd():
    x = torch.randn(10)
    assert_close(Sine(30.0)(-x), -Sine(30.0)(x))
