from functools import partial

import pytest

from scalegmn.nn import Architecture, Message
from scalegmn.nn.message_factory import MessageFactory


class Sent(Message):
    def __init__(self, spec, *, factor=1.0):
        super().__init__(spec.roles)
        self.factor = factor

    def message(self, x_j, e, x_i, role):
        return self.factor * x_j.h


def test_equal_choices_are_equal_architectures():
    one = Architecture(message=partial(Sent, factor=2.0))
    assert one == Architecture(message=partial(Sent, factor=2.0))
    assert one != Architecture(message=Sent)
    assert hash(one) == hash(Architecture(message=partial(Sent, factor=2.0)))


def test_it_is_named_as_files_name_it():
    assert MessageFactory.of(Sent).name == f"{__name__}.Sent"


@pytest.mark.parametrize(
    "message",
    [lambda spec: Sent(spec), partial(Sent, 3), dict],
    ids=["function", "arguments", "other class"],
)
def test_what_is_no_message_is_refused_at_once(message):
    with pytest.raises(ValueError, match=r"architecture.message=.* expected a subclass"):
        Architecture(message=message)


def test_options_that_no_file_holds_are_refused_at_once():
    with pytest.raises(ValueError, match=r"architecture.message.factor=.* expected a number"):
        Architecture(message=partial(Sent, factor=object()))
