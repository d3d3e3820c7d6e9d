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


def test_a_class_that_was_imported_is_found_by_its_name():
    made = MessageFactory.of(partial(Sent, factor=2.0))
    assert MessageFactory.named(made.name, {"factor": 2.0}) == made
    with pytest.raises(ValueError, match="of class os.system: import that module first"):
        MessageFactory.named("os.system", {})


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
