import json
from functools import partial

import pytest

from scalegmn import readout
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    GatedIO,
    Hetero,
    Permutation,
    Sign,
)
from scalegmn.predictor import Metanetwork, RawMLP, StatNN
from scalegmn.predictor.description import described, restored
from tests.networks import graph_of

VALUES = [
    Metanetwork(),
    Metanetwork(
        Architecture(kind=Sign(symmetrized=False), direction=Bidirectional(), dropout=0.25),
        readout.full_graph,
    ),
    Metanetwork(Architecture(kind=Hetero(), direction=BidirectionalInverse())),
    Metanetwork(Architecture(kind=Permutation(), io=GatedIO(separate=True), d=7)),
    StatNN(d=3, num_layers=1, dropout=0.5),
    RawMLP(),
    graph_of(),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_survives(value):
    text = described(value)
    assert restored(text) == value and "\n" not in text


def test_only_what_is_known_is_made():
    named = json.loads(described(StatNN()))
    for text in ('{"made by": "system", "command": "ls"}', json.dumps({**named, "more": 1}), "5x"):
        with pytest.raises(ValueError, match=r"not a description|Extra data"):
            restored(text)


def test_only_what_can_be_read_again_is_written():
    for value in (Metanetwork(readout=partial(readout.last_layer)), object()):
        with pytest.raises(ValueError, match="cannot be written to a file"):
            described(value)
