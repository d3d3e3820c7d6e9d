import pytest
import torch
from torch.testing import assert_close

from scalegmn.graph import Role
from scalegmn.nn import (
    Bidirectional,
    BidirectionalInverse,
    Forward,
    Hetero,
    MessageSpec,
    Permutation,
    PlainIO,
    Scale,
    Sign,
)
from scalegmn.nn.bounded_message import BoundedMessage
from scalegmn.nn.direction import inverse
from scalegmn.nn.mlp_message import MLPMessage
from scalegmn.nn.scale_eq_message import ScaleEqMessage
from scalegmn.nn.widths import Widths

BACKWARD = [
    *((Scale(), BoundedMessage, ScaleEqMessage, 2), (Hetero(), BoundedMessage, ScaleEqMessage, 2)),
    *((Sign(), ScaleEqMessage, ScaleEqMessage, 1), (Permutation(), MLPMessage, MLPMessage, 1)),
]


@pytest.mark.parametrize(("kind", "bounded", "of_inverse", "streams"), BACKWARD)
def test_each_kind_has_its_backward_message(kind, bounded, of_inverse, streams):
    spec = MessageSpec(kind, PlainIO(), Widths(4), (Role.INPUT, Role.HIDDEN))
    assert Forward().backward_message(spec) is None
    assert type(Bidirectional().backward_message(spec)) is bounded
    assert type(BidirectionalInverse().backward_message(spec)) is of_inverse
    x = torch.randn(2, 5, 9)
    assert len(BidirectionalInverse().streams(kind, x)) == streams
    assert BidirectionalInverse().num_streams(kind) == streams
    assert Bidirectional().num_streams(kind) == len(Bidirectional().streams(kind, x)) == 1


def test_inverse_edges_scale_inversely_and_zero_stays_zero(float64):
    x = torch.randn(5, 9)
    x[2] = 0
    assert_close(inverse(4 * x), inverse(x) / 4)
    assert_close((inverse(x) * x).sum(1), (torch.arange(5) != 2).double())
    assert not inverse(x)[2].any()
