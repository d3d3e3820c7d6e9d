import pytest

from scalegmn.graph.signal import Signal, locate


def test_nodes_of_entries():
    assert Signal((0, 1)).nodes((1, 2, 2)).tolist() == [[[0, 0], [1, 1]]]
    assert Signal((4, 4, 5, 5), axis=0).nodes((4,)).tolist() == [4, 4, 5, 5]
    assert Signal((0, 1, 2), axis=2).nodes((1, 2, 3)).tolist() == [[[0, 1, 2], [0, 1, 2]]]


def flat(count):
    return tuple(node for node in (0, 1, 2) for _ in range(count))


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (lambda x: x, Signal((0, 1, 2))),
        (lambda x: x.flatten(1), Signal(flat(8))),
        (lambda x: x.flatten(1, 2), Signal(flat(2))),
        (lambda x: x.flatten(2), Signal((0, 1, 2))),
        (lambda x: x.permute(0, 2, 3, 1), Signal((0, 1, 2), axis=3)),
        (lambda x: x.mT, Signal((0, 1, 2))),
        (lambda x: x[0], Signal((0, 1, 2), axis=0)),
        (lambda x: x[:, None], Signal((0, 1, 2), axis=2)),
        (lambda x: x[..., 1], Signal((0, 1, 2))),
        (lambda x: x.flip(1), None),
        (lambda x: x[:, :2], None),
        (lambda x: x.permute(0, 2, 3, 1).flatten(1), None),
        (lambda x: x.reshape(2, 8, 3, 1), None),
        (lambda x: x.repeat(1, 2, 1, 1), None),
        (lambda x: x[:0], None),
    ],
)
def test_a_moved_tensor_is_located_or_not(move, expected):
    signal = Signal((0, 1, 2))
    assert locate(move(signal.nodes((2, 3, 2, 4))), signal.order) == expected


def test_a_single_node_lies_along_every_axis():
    one = Signal((7,))
    assert locate(one.nodes((2, 1, 4)), one.order) == one
    assert one.along(2, 4) == Signal((7,) * 4, axis=2)
    three = Signal((0, 1, 2))
    assert three.along(1, 3) == three
    assert three.along(1, 6) is None
    assert three.along(2, 3) is None
