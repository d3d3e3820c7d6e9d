"""Read node groups and edge blocks off an ``nn.Module``."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import Tensor, fx, nn

from scalegmn.graph.fold import fold_batch_norm, has_batch_norm
from scalegmn.graph.fx import traced
from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, EdgeBlock, Freedom, NodeGroup, Role
from scalegmn.graph.operations import ARITHMETIC, FUNCTIONS, MODULES, RESHAPES, RESIDUAL


@dataclass(frozen=True)
class Signal:
    """A value on its way from one layer to the next.

    Attributes:
        group: index of the node group whose values these are.
        positions: values of one node in a flattened signal, 1 while it is not flattened.
    """

    group: int
    positions: int = 1


def trace(module: nn.Module, example_input: Tensor) -> tuple[list[NodeGroup], list[EdgeBlock]]:
    """Groups and blocks of a module, see :meth:`NetworkGraph.from_module`."""
    if has_batch_norm(module):
        module = fold_batch_norm(module)
    graph = traced(module)
    was_training = module.training
    try:
        with torch.no_grad():
            _Shapes(graph.eval()).run(example_input)
    except RuntimeError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        raise ValueError(
            f"{type(module).__name__} does not run on an input of shape "
            f"{tuple(example_input.shape)}: {reason}"
        ) from error
    finally:
        module.train(was_training)
    return _Walk(module).run(graph.graph)


class _Shapes(fx.Interpreter):
    """Notes the shape of every value; other than torch's own, it prints nothing on an error."""

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            n.meta["shape"] = tuple(value.shape)
        return value


class _Walk:
    """Follows the one path from input to output, closing a node group at each layer."""

    def __init__(self, module: nn.Module) -> None:
        self.layers = dict(module.named_modules())
        self.parameters = {name for name, _ in module.named_parameters()}
        self.groups: list[NodeGroup] = []
        self.blocks: list[EdgeBlock] = []
        self.signals: dict[fx.Node, Signal] = {}

    def run(self, graph: fx.Graph) -> tuple[list[NodeGroup], list[EdgeBlock]]:
        for node in graph.nodes:
            if node.op == "placeholder":
                self._open_input(node)
            elif node.op == "output":
                self._close_output(node)
            elif node.op == "get_attr":
                raise ValueError(f"{node.target}: a bare parameter or buffer in forward()")
            else:
                self.signals[node] = self._visit(node)
        return self.groups, self.blocks

    def _open_input(self, node: fx.Node) -> None:
        if self.groups:
            raise ValueError(f"{node.target}: a second input; only one is supported")
        channels = _shape(node)[1]
        self.groups.append(NodeGroup("input", channels, Role.INPUT, NO_FACTOR))
        self.signals[node] = Signal(0)

    def _close_output(self, node: fx.Node) -> None:
        (value,) = node.args
        if not isinstance(value, fx.Node) or self.signals[value].group != len(self.groups) - 1:
            raise ValueError("the output must be the last layer's output, one tensor")
        if not self.blocks:
            raise ValueError("no convolution or linear layer between input and output")
        self.groups[-1] = replace(self.groups[-1], role=Role.OUTPUT, freedom=NO_FACTOR)
        covered = {b.weight for b in self.blocks} | {g.bias for g in self.groups}
        unused = sorted(self.parameters - covered)
        if unused:
            raise ValueError(f"parameters that no layer of the graph uses: {', '.join(unused)}")

    def _visit(self, node: fx.Node) -> Signal:
        name = _name(node, self.layers)
        if node.target in RESIDUAL and sum(isinstance(a, fx.Node) for a in node.args) == 2:
            raise ValueError(f"{name}: residual additions are not supported yet")
        before = [a for a in node.all_input_nodes if a in self.signals]
        if len(before) != 1:
            raise ValueError(f"{name}: joins {len(before)} signals; only one path is supported")
        signal = self.signals[before[0]]
        if node.op == "call_module":
            return self._layer(node, name, signal, before[0])
        if node.target in RESHAPES:
            return self._flatten(node, name, signal, before[0])
        freedom = self._freedom(node)
        if freedom is None:
            raise ValueError(f"{name}: not supported; known are {_known()}")
        size = self.groups[signal.group].size
        if _shape(node)[1] != size * signal.positions:
            raise ValueError(f"{name}: changes the number of channels")
        return self._restrict(signal, freedom)

    def _freedom(self, node: fx.Node) -> Freedom | None:
        """What a function call commutes with; None if that is not known."""
        if node.target in ARITHMETIC:
            value, *numbers = node.args
            plain = isinstance(value, fx.Node) and all(isinstance(n, int | float) for n in numbers)
            return ARITHMETIC[node.target] if plain else None
        return FUNCTIONS.get(node.target)

    def _layer(self, node: fx.Node, name: str, signal: Signal, before: fx.Node) -> Signal:
        layer = self.layers[str(node.target)]
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            if layer.groups != 1:
                raise ValueError(f"{name}: grouped convolutions are not supported yet")
            return self._weights(node, name, signal, layer.in_channels, layer.out_channels)
        if isinstance(layer, nn.Linear):
            if len(_shape(before)) != 2:
                raise ValueError(f"{name}: reads a tensor of shape {_shape(before)}; flatten first")
            return self._weights(node, name, signal, layer.in_features, layer.out_features)
        if isinstance(layer, nn.Flatten):
            return self._flatten(node, name, signal, before)
        if type(layer) not in MODULES:
            raise ValueError(f"{name}: not supported; known are {_known()}")
        return self._restrict(signal, MODULES[type(layer)])

    def _weights(self, node: fx.Node, name: str, signal: Signal, n_in: int, n_out: int) -> Signal:
        layer, source = self.layers[str(node.target)], self.groups[signal.group]
        weight = f"{node.target}.weight"
        if any(block.weight == weight for block in self.blocks):
            raise ValueError(f"{name}: is used twice; shared weights are not supported")
        if n_in != source.size * signal.positions:
            raise ValueError(f"{name}: reads {n_in} values, but {source.name} has {source.size}")
        assert isinstance(layer.weight, Tensor)
        shape = tuple(layer.weight.shape)
        bias = None if layer.bias is None else f"{node.target}.bias"
        target = len(self.groups)
        self.blocks.append(EdgeBlock(weight, shape, signal.group, target, n_out, source.size))
        self.groups.append(NodeGroup(str(node.target), n_out, Role.HIDDEN, ANY_FACTOR, bias))
        return Signal(target)

    def _flatten(self, node: fx.Node, name: str, signal: Signal, before: fx.Node) -> Signal:
        old, new = _shape(before), _shape(node)
        if new != (old[0], prod(old[1:])):
            raise ValueError(f"{name}: only a flatten to (batch, features) is supported, not {new}")
        size = self.groups[signal.group].size
        return replace(signal, positions=prod(new[1:]) // size)

    def _restrict(self, signal: Signal, freedom: Freedom) -> Signal:
        group = self.groups[signal.group]
        if group.role is Role.HIDDEN:
            self.groups[signal.group] = replace(group, freedom=group.freedom & freedom)
        return signal


def _shape(node: fx.Node) -> tuple[int, ...]:
    return node.meta["shape"]


def _name(node: fx.Node, layers: dict[str, nn.Module]) -> str:
    if node.op == "call_module":
        return f"{node.target} ({type(layers[str(node.target)]).__name__})"
    return f"{node.name} ({getattr(node.target, '__name__', node.target)})"


def _known() -> str:
    return "Conv, Linear, Flatten, " + ", ".join(m.__name__ for m in MODULES)
