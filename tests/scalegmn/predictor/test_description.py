import json
from dataclasses import dataclass
from functools import partial

import pytest

from scalegmn import readout
from scalegmn.nn import (
    Architecture,
    Bidirectional,
    BidirectionalInverse,
    Forward,
    GatedIO,
    Hetero,
    Message,
    Permutation,
    Sign,
)
from scalegmn.predictor import AccuracyPredictor, Metanetwork, RawMLP, StatNN, description
from scalegmn.predictor.description import (
    UnknownMessage,
    check_describable,
    describe,
    register,
    restore,
)
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
    text = describe(value)
    assert restore(text) == value and "\n" not in text


def test_only_what_is_known_is_made():
    named = json.loads(describe(StatNN()))
    for text in ('{"made by": "system", "command": "ls"}', json.dumps({**named, "more": 1}), "5x"):
        with pytest.raises(ValueError, match=r"not a description|Extra data"):
            restore(text)


def test_only_what_can_be_read_again_is_written():
    for value in (Metanetwork(readout=partial(readout.last_layer)), object()):
        with pytest.raises(ValueError, match="cannot be written to a file"):
            describe(value)


@dataclass(frozen=True)
class Unlisted(Forward):
    """A direction of one's own."""

    rate: float = 0.5


def test_a_part_that_files_cannot_name_is_found_before_training():
    config = Metanetwork(Architecture(d=2, num_layers=1, direction=Unlisted()))
    for value in (config, AccuracyPredictor(config, graph_of())):
        with pytest.raises(ValueError, match="with Unlisted cannot be .*predictor.register"):
            check_describable(value)
    for value in (StatNN(d=2), AccuracyPredictor(RawMLP(d=2), graph_of())):
        check_describable(value)


def test_a_registered_part_survives(monkeypatch):
    monkeypatch.setattr(description, "KNOWN", dict(description.KNOWN))
    value = Metanetwork(Architecture(direction=register(Unlisted)(rate=0.25)))
    assert restore(describe(value)) == value
    with pytest.raises(ValueError, match="StatNN is the name of another part"):
        register(dataclass(type("StatNN", (), {})))
    with pytest.raises(ValueError, match="str is not a dataclass"):
        register(str)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"d": 512', '"d": "512"'),
        ('"d": 512', '"d": true'),
        ('"d": 512', '"d": 1.5'),
        ('"dropout": 0.0', '"dropout": [0.0]'),
        ('"num_layers": 2', '"num_layers": {"made by": "Scale"}'),
    ],
)
def test_values_of_other_types_are_refused(old, new):
    text = describe(StatNN())
    assert old in text
    with pytest.raises(ValueError, match=f"not a description: {old.split(chr(34))[1]} of StatNN"):
        restore(text.replace(old, new))


def test_entries_of_tuples_are_checked_one_by_one():
    text = describe(graph_of())
    assert '"shape": [' in text
    with pytest.raises(ValueError, match="not a description: shape of EdgeBlock"):
        restore(text.replace('"shape": [', '"shape": ["x", '))


class Sent(Message):
    """A message function of one's own."""

    def __init__(self, spec, *, factor: float = 1.0):
        super().__init__(spec.roles)
        self.factor = factor

    def message(self, x_j, e, x_i, role):
        return self.factor * x_j.h


def test_messages_are_those_that_the_reader_names():
    value = Metanetwork(Architecture(message=partial(Sent, factor=2.0)))
    text = describe(value)
    assert restore(text, messages=[Sent]) == value
    # Imported is not enough, nor is a class that the project uses itself.
    with pytest.raises(UnknownMessage, match=rf"messages=\[{__name__}\.Sent\]"):
        restore(text)
    for name in ("scalegmn.nn.mlp_message.MLPMessage", "os.system"):
        with pytest.raises(UnknownMessage, match=f"of class {name}"):
            restore(text.replace(f"{__name__}.Sent", name), messages=[Sent])


@pytest.mark.parametrize(
    "options", ['{"factor": "2"}', '{"factor": [2.0]}', '{"factor": true}', '{"other": 1}', "[1]"]
)
def test_options_of_messages_are_those_of_their_class(options):
    text = describe(Metanetwork(Architecture(message=partial(Sent, factor=2.0))))
    assert '{"factor": 2.0}' in text
    with pytest.raises(ValueError, match="not a description"):
        restore(text.replace('{"factor": 2.0}', options), messages=[Sent])
