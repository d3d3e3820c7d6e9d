from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR

from lightning_modules.schedule import Schedule, WarmUp, scheduled, warmup_cosine


def test_the_rate_grows_for_a_thousand_steps():
    parameter = nn.Parameter(torch.zeros(1))
    schedule = Schedule(partial(LambdaLR, lr_lambda=WarmUp(1000)), "step")
    config = scheduled([parameter], partial(SGD, lr=2.0), schedule)
    optimizer, scheduler = config["optimizer"], config["lr_scheduler"]["scheduler"]
    rates = [0.0]
    for _ in range(1002):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    expected = [2.0 / 1000, 0.999 * 2.0, 2.0, 2.0]
    assert [rates[n] for n in (1, 999, 1000, 1001)] == pytest.approx(expected, rel=1e-12)
    assert config["lr_scheduler"]["interval"] == "step"


def rates(warmup, total):
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = warmup_cosine(optimizer, warmup=warmup, total=total)
    found = []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_a_rate_warms_up_and_falls_along_a_cosine():
    factors = rates(4, 12)
    assert factors[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[8] == pytest.approx(0.5) and factors == sorted(factors[:5]) + sorted(
        factors[5:], reverse=True
    )
    assert 0 < factors[-1] < 0.05
    assert rates(5, 2)[1] == pytest.approx(2 / 6)


def test_the_state_of_a_warm_up_is_plain():
    optimizer = SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = LambdaLR(optimizer, WarmUp(10))
    other = LambdaLR(optimizer, WarmUp(10))
    optimizer.step()
    scheduler.step()
    other.load_state_dict(scheduler.state_dict())
    assert other.get_last_lr() == [0.2]


@pytest.mark.parametrize(
    "make",
    [
        partial(CosineAnnealingLR, T_max=12),
        partial(warmup_cosine, warmup=4, total=12),
        partial(LambdaLR, lr_lambda=WarmUp(10)),
    ],
)
@pytest.mark.parametrize("skip", [1, 5])
def test_a_schedule_goes_on_after_what_is_left_out(make, skip):
    def rates(skip):
        parameters = [nn.Parameter(torch.zeros(1))]
        made = scheduled(parameters, partial(SGD, lr=1.0), Schedule(make), skip=skip)
        found = []
        for _ in range(12 - skip):
            found.append(made["optimizer"].param_groups[0]["lr"])
            made["optimizer"].step()
            made["lr_scheduler"]["scheduler"].step()
        return found

    assert rates(skip) == rates(0)[skip:]


def test_without_a_schedule_the_rate_stays():
    assert isinstance(scheduled([nn.Parameter(torch.zeros(1))], SGD, None), SGD)
