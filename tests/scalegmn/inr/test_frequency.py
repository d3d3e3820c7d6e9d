import torch
from torch.testing import assert_close

from scalegmn.inr import absorb_frequency, initial_parameters, pixel_grid
from scalegmn.targets import Siren


def test_the_function_stays_the_same(float64):
    siren = Siren(3, (4, 5, 6), w0=20.0)
    params = initial_parameters(siren, range(3))
    before = {n: p.clone() for n, p in params.items()}
    absorbed = absorb_frequency(siren, params)
    x, plain = pixel_grid(5, 6), siren.with_frequency(1.0)
    assert_close(plain.evaluate(absorbed, x), siren.evaluate(params, x), rtol=0, atol=1e-12)
    assert all(torch.equal(params[n], before[n]) for n in before)


def test_hidden_weights_become_as_large_as_they_act():
    siren = Siren(1, (32, 32))
    params = initial_parameters(siren, [0])
    absorbed = absorb_frequency(siren, params)
    assert absorbed["seq.1.weight"].norm(dim=-1).mean() > 1 > params["seq.1.weight"].norm()
    assert torch.equal(absorbed["seq.2.weight"], params["seq.2.weight"])


def test_only_the_frequency_differs():
    siren = Siren(3, (4, 5), in_features=1, w0=20.0)
    other = siren.with_frequency(1.0)
    assert other.widths == siren.widths and (siren.w0, other.w0) == (20.0, 1.0)
