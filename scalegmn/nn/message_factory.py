"""A user's message function as a value."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from scalegmn.nn.message import Message
from scalegmn.nn.message_spec import MessageSpec

Plain = str | bool | int | float | None


@dataclass(frozen=True)
class MessageFactory:
    """Builds messages of one class with fixed options.

    Attributes:
        cls: its constructor takes a :class:`~scalegmn.nn.message_spec.MessageSpec` and the options.
        options: keyword arguments, by name.
    """

    cls: type[Message]
    options: tuple[tuple[str, Plain], ...] = ()

    def __call__(self, spec: MessageSpec) -> Message:
        return self.cls(spec, **dict(self.options))  # type: ignore[arg-type]

    @property
    def name(self) -> str:
        """The class's full name, as files write it."""
        return f"{self.cls.__module__}.{self.cls.__qualname__}"

    @classmethod
    def of(cls, message: Callable[..., Message]) -> "MessageFactory":
        """The value of a class, or of a ``partial`` of one, as Hydra makes it.

        Raises:
            ValueError: if it is something else, or has options that no file can hold.
        """
        if isinstance(message, MessageFactory):
            return message
        made = message if isinstance(message, partial) else partial(message)
        if not (isinstance(made.func, type) and issubclass(made.func, Message)) or made.args:
            raise ValueError(
                f"architecture.message={message!r}: expected a subclass of scalegmn.nn.Message, "
                "in YAML with _target_ and _partial_: true"
            )
        for option, value in made.keywords.items():
            if not isinstance(value, Plain):
                raise ValueError(
                    f"architecture.message.{option}={value!r}: expected a number, text, true, "
                    "false or null, which files of predictors can hold"
                )
        return cls(made.func, tuple(sorted(made.keywords.items())))
