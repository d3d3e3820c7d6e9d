"""Each kind's functions are invariant or equivariant under its own factors only."""

import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE
from scalegmn.graph.groups import SIGN as CHANGE_OF_SIGN
from scalegmn.nn import Hetero, Permutation, Scale, Sign
from scalegmn.nn.widths import Widths

pytestmark = pytest.mark.usefixtures("float64")

KINDS = [
    (Scale(), None, True, False),
    (Sign(), None, False, True),
    (Sign(symmetrized=False), None, False, True),
    (Hetero(), False, True, False),
    (Hetero(), True, False, True),
    (Permutation(), None, False, False),
]


@pytest.mark.parametrize(("kind", "marked", "positive", "sign"), KINDS, ids=str)
def test_scale_inv_forgets_the_factors_of_the_kind(kind, marked, positive, sign):
    f, x = kind.scale_inv(Widths(6), [4], 3), torch.randn(5, 4)
    marks = None if marked is None else torch.full((5, 1), marked)
    value = f(x, None, marks)
    assert torch.allclose(f(3 * x, None, marks), value) == positive
    assert torch.allclose(f(-x, None, marks), value) == sign


@pytest.mark.parametrize(("kind", "marked", "positive", "sign"), KINDS[:-1], ids=str)
def test_scale_eq_passes_them_on(kind, marked, positive, sign):
    f, x = kind.scale_eq(Widths(6), [4], 3), torch.randn(5, 4)
    marks = None if marked is None else torch.full((5, 1), marked)
    q = 3 if positive else -1
    assert_close(f(q * x, None, marks), q * f(x, None, marks))


ADMITTED = [
    *((Scale(), [1, 0, 1, 0]), (Sign(), [0, 1, 1, 0])),
    *((Hetero(), [1, 1, 1, 0]), (Permutation(), [1, 1, 1, 1])),
]


@pytest.mark.parametrize(("kind", "admitted"), ADMITTED, ids=str)
def test_kinds_admit_what_has_their_symmetry(kind, admitted):
    freedoms = [POSITIVE, CHANGE_OF_SIGN, ANY_FACTOR, NO_FACTOR]
    assert [kind.admits(freedom) for freedom in freedoms] == [bool(a) for a in admitted]
