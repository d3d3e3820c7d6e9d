import pytest

from scalegmn.graph.signal import Signal, locate


def test_nodes_of_entries():
    assert Signal(1, 2).nodes((1, 2, 2)).tolist() == [[[0, 0], [1, 1]]]
    assert Signal(1, 2, axis=0, positions=2).nodes((4,)).tolist() == [0, 0, 1, 1]
    assert Signal(1, 3, axis=2).nodes((1, 2, 3)).tolist() == [[[0, 1, 2], [0, 1, 2]]]


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (lambda x: x, Signal(1, 3)),
        (lambda x: x.flatten(1), Signal(1, 3, positions=8)),
        (lambda x: x.flatten(1, 2), Signal(1, 3, positions=2)),
        (lambda x: x.flatten(2), Signal(1, 3)),
        (lambda x: x.permute(0, 2, 3, 1), Signal(1, 3, axis=3)),
        (lambda x: x.mT, Signal(1, 3)),
        (lambda x: x[0], Signal(1, 3, axis=0)),
        (lambda x: x[:, None], Signal(1, 3, axis=2)),
        (lambda x: x[..., 1], Signal(1, 3)),
        (lambda x: x.flip(1), None),
        (lambda x: x[:, :2], None),
        (lambda x: x.permute(0, 2, 3, 1).flatten(1), None),
        (lambda x: x.reshape(2, 8, 3, 1), None),
        (lambda x: x.repeat(1, 2, 1, 1), None),
        (lambda x: x[:0], None),
    ],
)
def test_a_moved_tensor_is_located_or_not(move, expected):
    signal = Signal(1, 3)
    assert locate(move(signal.nodes((2, 3, 2, 4))), signal) == expected


def test_a_single_node_lies_along_every_axis():
    signal = locate(Signal(1, 1).nodes((2, 1, 4)), Signal(1, 1))
    assert signal == Signal(1, 1)
    assert all(signal.along(axis, length) for axis, length in enumerate((2, 1, 4)))
    assert Signal(1, 3).along(1, 3)
    assert not Signal(1, 3).along(1, 6)
    assert not Signal(1, 3).along(2, 3)
