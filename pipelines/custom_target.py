"""Make a network by a function of the user's own."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn


def custom_target(
    factory: str | None,
    *,
    arguments: Mapping[str, Any] | None = None,
    in_channels: int | None = None,
    num_classes: int | None = None,
) -> nn.Module:
    """The network that a function makes.

    Args:
        factory: ``module:function``, of a module that Python finds from here, or
            ``path/file.py:function``; a class will do.
        arguments: of the function.
        in_channels: of the data; for a function that takes it, unless ``arguments`` have it.
        num_classes: of the data, in the same way.

    Raises:
        ValueError: there is no such function, it fails, or it makes no ``nn.Module``.
    """
    name, _, function = (factory or "").partition(":")
    if not name or not function:
        raise ValueError(
            f"target.factory={factory}: expected module:function or path/file.py:function, such as "
            "my_model:build"
        )
    module = _from_file(Path(name)) if name.endswith(".py") else _imported(name)
    build: Callable[..., Any] | None = getattr(module, function, None)
    if build is None:
        raise ValueError(f"target.factory={factory}: {name} has no {function}")
    facts = {"in_channels": in_channels, "num_classes": num_classes}
    taken = {key: value for key, value in facts.items() if value and key in _parameters(build)}
    try:
        net = build(**taken | dict(arguments or {}))
    except ValueError:
        raise
    except Exception as error:  # Of whatever the user wrote.
        said = " ".join(str(error).split())
        raise ValueError(f"target.factory={factory}: {type(error).__name__}: {said}") from error
    if not isinstance(net, nn.Module):
        raise ValueError(
            f"target.factory={factory}: made a {type(net).__name__}; expected a torch.nn.Module"
        )
    return net


def _parameters(build: Callable[..., Any]) -> frozenset[str]:
    try:
        return frozenset(signature(build).parameters)
    except (TypeError, ValueError):  # Not known for what is written in C.
        return frozenset()


def _imported(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise  # one that the user's own module needs
        raise ValueError(
            f"target.factory: there is no module {name}; run from its folder, or give its file: "
            f"path/{name}.py:function"
        ) from error


def _from_file(file: Path) -> ModuleType:
    file = file.expanduser().resolve()
    known = f"custom_target_{file.stem}"
    loaded = sys.modules.get(known)
    if loaded is not None and loaded.__file__ == str(file):
        return loaded
    spec = spec_from_file_location(known, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise ValueError(f"target.factory: there is no file {file}")
    module = module_from_spec(spec)
    # Before it runs: dataclasses and fx look modules up by name.
    sys.modules[known] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[known]
        raise
    return module
