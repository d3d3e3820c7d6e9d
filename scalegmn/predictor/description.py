"""Reader configs and graphs as JSON, for the metadata of predictors' files."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from inspect import signature
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from beartype.door import is_bearable

from scalegmn import nn, readout
from scalegmn.graph import EdgeBlock, Freedom, NetworkGraph, NodeGroup, Role
from scalegmn.nn.message import Message
from scalegmn.nn.message_factory import MessageFactory
from scalegmn.predictor.metanetwork import Metanetwork
from scalegmn.predictor.raw_mlp import RawMLP
from scalegmn.predictor.stat_nn import StatNN

# All that a file may name: whoever wrote it must not choose what is called here.
KNOWN: dict[str, Callable[..., Any]] = {
    known.__name__: known
    for known in (
        *(Metanetwork, StatNN, RawMLP),
        *(nn.Architecture, nn.Scale, nn.Sign, nn.Hetero, nn.Permutation, nn.PlainIO, nn.GatedIO),
        *(nn.Broken, nn.Forward, nn.Bidirectional, nn.BidirectionalInverse),
        *(NetworkGraph, NodeGroup, EdgeBlock, Freedom, Role),
    )
}
FUNCTIONS = {function.__name__: function for function in (readout.last_layer, readout.full_graph)}


Part = TypeVar("Part", bound=type)


class UnknownMessage(ValueError):
    """A description names a message function that its reader did not name."""


def register(part: Part) -> Part:
    """Let files of predictors name a part of one's own: a decorator for a frozen dataclass.

    Whoever loads such a file has to import the part before.

    >>> @register
    ... @dataclass(frozen=True)
    ... class Attention(Direction): ...

    Raises:
        ValueError: if it is not a dataclass, or its name is taken.
    """
    if not is_dataclass(part):
        raise ValueError(f"{part.__name__} is not a dataclass, whose fields files hold")
    if KNOWN.get(part.__name__, part) is not part:
        raise ValueError(f"{part.__name__} is the name of another part: choose another one")
    KNOWN[part.__name__] = part
    return part


def check_describable(value: object) -> None:
    """Check that a reader config or a predictor can be written to a file.

    Raises:
        ValueError: naming the part that the format of files does not know.
    """
    for part in (getattr(value, "recipe", value), getattr(value, "graph", None)):
        describe(part)


def describe(value: object) -> str:
    """A frozen dataclass as JSON.

    Raises:
        ValueError: if something in it is not known here.
    """
    return json.dumps(_encode(value))


def restore(text: str, messages: Iterable[type[Message]] = ()) -> Any:
    """The value that :func:`describe` wrote.

    Only classes and functions that the format lists are made, of values whose types fit.

    Args:
        text: the description, which is not trusted.
        messages: message functions that it may name, too.

    Raises:
        UnknownMessage: if it names another one, whether or not that was imported.
        ValueError: if the text is not what :func:`describe` writes.
    """
    allowed = {MessageFactory(message).name: message for message in messages}
    try:
        return _decode(json.loads(text), allowed)
    except (TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a description: {error!r}") from error


def _encode(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"made by": _name_of(type(value)), "value": value.value}
    if isinstance(value, MessageFactory):
        return {"message": value.name, "options": dict(value.options)}
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
        return {"made by": _name_of(type(value)), **own}
    if isinstance(value, tuple | list):
        return [_encode(entry) for entry in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    name = getattr(value, "__name__", "")
    if FUNCTIONS.get(name) is not value:
        raise ValueError(f"{_unknown(f'{value!r}')}: use one of {', '.join(FUNCTIONS)}")
    return {"function": name}


def _name_of(cls: type) -> str:
    if KNOWN.get(cls.__name__) is not cls:
        raise ValueError(
            f"{_unknown(cls.__name__)}: make it a dataclass and register it with "
            "scalegmn.predictor.register"
        )
    return cls.__name__


def _unknown(part: str) -> str:
    return f"a predictor with {part} cannot be written to a file"


def _decode(value: Any, messages: Mapping[str, type[Message]]) -> Any:
    if isinstance(value, list):
        return tuple(_decode(entry, messages) for entry in value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"message", "options"}:
        return _message(value["message"], value["options"], messages)
    if "function" in value:
        return FUNCTIONS[value["function"]]
    made_by = KNOWN[value["made by"]]
    arguments = {key: _decode(entry, messages) for key, entry in value.items() if key != "made by"}
    _check(value["made by"], arguments, _types(made_by))
    return made_by(**arguments)


def _message(
    name: str, options: dict[str, Any], messages: Mapping[str, type[Message]]
) -> MessageFactory:
    if name not in messages:
        raise UnknownMessage(
            f"its messages are of class {name}, and files do not choose what runs: if you trust "
            f"that class, name it with messages=[{name}]"
        )
    cls = messages[name]
    signature(cls).bind(None, **options)
    _check(name, options, get_type_hints(cls.__init__))
    return MessageFactory.of(partial(cls, **options))


def _check(name: str, arguments: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    for key, argument in arguments.items():
        if key in types and not _fits(argument, types[key]):
            raise ValueError(f"not a description: {key} of {name} is {argument!r}")


@cache
def _types(made_by: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(made_by) if is_dataclass(made_by) else {}


def _fits(value: Any, hint: Any) -> bool:
    if hint is int or hint is float:
        allowed = int if hint is int else int | float
        return isinstance(value, allowed) and not isinstance(value, bool)
    if get_origin(hint) is tuple and isinstance(value, tuple):
        first, *others = get_args(hint)
        hints = [first] * len(value) if others == [...] else [first, *others]
        return len(hints) == len(value) and all(map(_fits, value, hints))
    return is_bearable(value, hint)
