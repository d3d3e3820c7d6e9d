import pytest
from torch import nn, optim

from scalegmn.stacked import ELEMENTWISE, check_elementwise

PARAMS = [nn.Parameter(nn.init.ones_(nn.Linear(2, 2).weight))]


@pytest.mark.parametrize("kind", ELEMENTWISE, ids=lambda kind: kind.__name__)
def test_elementwise_rules_pass(kind):
    check_elementwise(kind(PARAMS, lr=1e-3))


@pytest.mark.parametrize("kind", [optim.LBFGS, optim.Adafactor, type("Own", (optim.SGD,), {})])
def test_others_are_refused_by_name(kind):
    with pytest.raises(ValueError, match=f"^{kind.__name__} does not update every entry by itself"):
        check_elementwise(kind(PARAMS, lr=1e-3))
