import pytest
import torch
from sklearn.datasets import load_digits
from torch.testing import assert_close

from scalegmn.inr import Fitter, initial_parameters, psnr, render
from scalegmn.targets import Siren


@pytest.fixture(scope="module")
def digits():
    return torch.from_numpy(load_digits().images[:6, None]).float() / 16


def test_every_image_is_fitted(digits):
    siren = Siren()
    params = Fitter(100).fit(siren, initial_parameters(siren, range(6)), digits)
    assert psnr(render(siren, params, 8, 8), digits).min() > 35
    assert not any(p.requires_grad for p in params.values())


def test_a_siren_does_not_depend_on_those_beside_it(digits, float64):
    siren = Siren(1, (8, 8))
    start = initial_parameters(siren, range(6))
    together = Fitter(15).fit(siren, start, digits.double())
    alone = Fitter(15).fit(siren, {n: p[4:5] for n, p in start.items()}, digits[4:5].double())
    assert all((together[n][4] - alone[n][0]).abs().max() < 1e-10 for n in start)


def test_the_start_is_left_alone(digits):
    siren = Siren(1, (4,))
    start = initial_parameters(siren, [7, 8, 9, 10, 11, 12])
    before = {n: p.clone() for n, p in start.items()}
    Fitter(2).fit(siren, start, digits)
    assert all(torch.equal(start[n], before[n]) for n in start)


def test_the_start_depends_on_its_seed_alone():
    siren = Siren()
    several, one = initial_parameters(siren, [1, 2]), initial_parameters(siren, [2])
    assert all(torch.equal(several[n][1], one[n][0]) for n in one)
    assert not torch.equal(several["seq.0.weight"][0], several["seq.0.weight"][1])
    assert all((p.abs() <= siren.bounds()[n]).all() for n, p in several.items())


def test_larger_sirens_of_colours_train():
    siren = Siren(3, (128, 128, 128))
    ramp = torch.linspace(0, 1, 12)
    image = torch.stack([ramp.expand(12, 12), ramp[:, None].expand(12, 12), ramp.outer(ramp)])
    params = Fitter(60, 1e-3).fit(siren, initial_parameters(siren, [0]), image[None])
    assert psnr(render(siren, params, 12, 12), image[None]).item() > 30


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": 0}, "inrs.fitter.steps must be a whole number"),
        ({"lr": 0.0}, "inrs.fitter.lr must be a number above 0"),
    ],
)
def test_impossible_numbers_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Fitter(**arguments)


def test_the_rate_ends_near_zero():
    fitter = Fitter(100, 1e-2)
    assert_close(fitter._rate(0), 1e-2)
    assert fitter._rate(99) < 1e-5
