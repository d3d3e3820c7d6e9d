"""Record the torch functions that a module calls when it runs."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves, tree_map


@dataclass(frozen=True, eq=False)
class Call:
    """One call of a torch function, method or operator.

    Attributes:
        name: ``relu`` for ``torch.relu``, ``F.relu``, ``x.relu()`` and ``x.relu_()`` alike.
        function: the function itself.
        args: its positional arguments.
        kwargs: its other arguments.
        result: its value.
        module: the innermost module that was running.
        path: the name of that module, empty for the outermost one.
        shape: of the first tensor among the arguments, before the call.
    """

    name: str
    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    result: Any
    module: nn.Module
    path: str
    shape: tuple[int, ...]

    @property
    def inputs(self) -> list[Tensor]:
        """The tensors among the arguments."""
        return _tensors((self.args, self.kwargs))

    @property
    def outputs(self) -> list[Tensor]:
        """The tensors in the result."""
        return _tensors(self.result)

    @property
    def in_place(self) -> bool:
        """Whether the call changes, or returns, one of its arguments."""
        same = (x is y for x in self.inputs for y in self.outputs)
        return self.name == "__setitem__" or any(same)

    @property
    def label(self) -> str:
        """The layer, or the function and the module that calls it, for messages."""
        kind = type(self.module).__name__
        if type(self.module).__module__.startswith("torch.nn") and not any(self.module.children()):
            return f"{self.path} ({kind})" if self.path else kind
        where = f"{self.path} ({kind})" if self.path else kind
        return f"{self.name} in the forward of {where}"

    def argument(self, position: int, name: str, default: Any = None) -> Any:
        """An argument that may be given by position or by name."""
        if position < len(self.args):
            return self.args[position]
        return self.kwargs.get(name, default)


@dataclass(frozen=True, eq=False)
class Recording:
    """The calls of one forward pass, in order, with its input and its output."""

    calls: tuple[Call, ...]
    input: Tensor
    output: Any


def record(module: nn.Module, example_input: Tensor) -> Recording:
    """Run a module in evaluation mode and record its calls; the module is left as it was.

    Control flow that depends on shapes, optional arguments and hooks are followed as they run.

    Raises:
        ValueError: the module does not run on the input.
    """
    mode = _Recorder(module)
    # Copies, because a module may change its input and its buffers in place.
    x = example_input.detach().clone()
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    try:
        with (
            temporary_state(module, buffers),
            torch.no_grad(),
            temporary_seed(x),
            mode.naming_modules(),
            mode,
        ):
            output = module(x)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{mode.label} does not run on an input of shape {tuple(x.shape)}: {reason}"
        ) from error
    return Recording(tuple(mode.calls), x, output)


@contextmanager
def temporary_state(module: nn.Module, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """Evaluation mode and other parameters or buffers; all is put back afterwards.

    Unlike ``torch.func.functional_call``, it also restores modules that have two names.
    """
    new = {id(old): tensors[name] for name, old in _named_tensors(module) if name in tensors}
    modes = {m: m.training for m in module.modules()}
    stores: list[MutableMapping[str, Any]] = []
    for m in modes:
        stores += [m._parameters, m._buffers]
    before = [dict(store) for store in stores]
    try:
        for m in modes:
            # By the attribute: train() may be overridden, and then does more or less.
            m.training = False
        for store in stores:
            store.update({key: new[id(old)] for key, old in store.items() if id(old) in new})
        yield
    finally:
        for m, training in modes.items():
            m.training = training
        for store, old in zip(stores, before, strict=True):
            store.update(old)


def _named_tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    yield from module.named_parameters()
    yield from module.named_buffers()


@contextmanager
def temporary_seed(x: Tensor) -> Iterator[None]:
    """Seed the generators of the CPU and of the device of ``x``; restore their states after."""
    devices = [x.device] if x.device.type not in ("cpu", "meta") else []
    with torch.random.fork_rng(devices, device_type=devices[0].type if devices else "cuda"):
        torch.manual_seed(0)
        yield


class _Recorder(TorchFunctionMode):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.root = module
        self.calls: list[Call] = []
        self.stack: list[tuple[str, nn.Module]] = [("", module)]

    @property
    def label(self) -> str:
        path, module = self.stack[-1]
        kind = type(module).__name__
        return f"{path} ({kind})" if path else kind

    @contextmanager
    def naming_modules(self) -> Iterator[None]:
        """Keep the stack of running modules."""
        handles = []
        for path, module in self.root.named_modules():
            enter = partial(self._enter, path)
            # The module's own hooks run outside of it.
            handles.append(module.register_forward_pre_hook(enter))
            handles.append(module.register_forward_hook(self._leave, prepend=True))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, path: str, module: nn.Module, args: Any) -> None:
        self.stack.append((path, module))

    def _leave(self, module: nn.Module, args: Any, output: Any) -> None:
        self.stack.pop()

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict | None = None
    ) -> Any:
        # Copies of the containers: a list of tensors may grow after the call.
        args, kwargs = tree_map(lambda x: x, (args, kwargs or {}))
        if not args and "input" in kwargs:
            args = (kwargs.pop("input"),)
        first = next(iter(_tensors((args, kwargs))), None)
        shape = () if first is None else tuple(first.shape)
        result = func(*args, **kwargs)
        path, module = self.stack[-1]
        self.calls.append(Call(_name(func), func, args, kwargs, result, module, path, shape))
        return result


def _name(function: Any) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    if name in ("__get__", "__set__"):  # of an attribute such as x.shape
        return function.__self__.__name__
    return name if name.endswith("__") else name.strip("_")


def _tensors(values: Any) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor)]
