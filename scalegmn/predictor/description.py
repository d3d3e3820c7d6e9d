"""Recipes and graphs as JSON, for the metadata of files."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

from scalegmn import nn, readout
from scalegmn.graph import EdgeBlock, Freedom, NetworkGraph, NodeGroup, Role
from scalegmn.nn.message_factory import MessageFactory
from scalegmn.predictor.metanetwork import Metanetwork
from scalegmn.predictor.raw_mlp import RawMLP
from scalegmn.predictor.stat_nn import StatNN

# What a file may name: whoever wrote it must not choose what is called here.
KNOWN: dict[str, Callable[..., Any]] = {
    known.__name__: known
    for known in (
        *(Metanetwork, StatNN, RawMLP),
        *(nn.Architecture, nn.Scale, nn.Sign, nn.Hetero, nn.Permutation, nn.PlainIO, nn.GatedIO),
        *(nn.Forward, nn.Bidirectional, nn.BidirectionalInverse),
        *(NetworkGraph, NodeGroup, EdgeBlock, Freedom, Role),
    )
}
FUNCTIONS = {function.__name__: function for function in (readout.last_layer, readout.full_graph)}


def described(value: object) -> str:
    """A frozen dataclass as JSON.

    Raises:
        ValueError: if something in it is not known here.
    """
    return json.dumps(_encoded(value))


def restored(text: str) -> Any:
    """What was described.

    Raises:
        ValueError: if the text is not what :func:`described` writes.
    """
    try:
        return _decoded(json.loads(text))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a description: {error!r}") from error


def _encoded(value: Any) -> Any:
    if isinstance(value, Enum):
        return {"made by": _known(type(value)), "value": value.value}
    if isinstance(value, MessageFactory):
        return {"message": value.name, "options": dict(value.options)}
    if is_dataclass(value) and not isinstance(value, type):
        own = {field.name: _encoded(getattr(value, field.name)) for field in fields(value)}
        return {"made by": _known(type(value)), **own}
    if isinstance(value, tuple | list):
        return [_encoded(entry) for entry in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    name = getattr(value, "__name__", "")
    if FUNCTIONS.get(name) is not value:
        raise ValueError(f"a predictor with {value!r} cannot be written to a file")
    return {"function": name}


def _known(cls: type) -> str:
    if KNOWN.get(cls.__name__) is not cls:
        raise ValueError(f"a predictor with a {cls.__name__} cannot be written to a file")
    return cls.__name__


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(entry) for entry in value)
    if not isinstance(value, dict):
        return value
    if value.keys() == {"message", "options"}:
        return MessageFactory.named(value["message"], value["options"])
    if "function" in value:
        return FUNCTIONS[value["function"]]
    arguments = {key: _decoded(entry) for key, entry in value.items() if key != "made by"}
    return KNOWN[value["made by"]](**arguments)
