"""Read node groups and edge blocks off an ``nn.Module``."""

from dataclasses import replace

from torch import Tensor, nn

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, EdgeBlock, Freedom, NodeGroup, Role
from scalegmn.graph.operations import VALUE_READS
from scalegmn.graph.propagation import propagate
from scalegmn.graph.recording import Call, Recording, record
from scalegmn.graph.signal import Signal

# Axes of the maps that a layer reads, besides batch and channels.
LAYERS = {"conv1d": 1, "conv2d": 2, "conv3d": 3, "linear": 0}


def trace(module: nn.Module, example_input: Tensor) -> tuple[list[NodeGroup], list[EdgeBlock]]:
    """Groups and blocks of a module, see :meth:`NetworkGraph.from_module`."""
    recording = record(module, example_input)
    _refuse_value_reads(recording)
    reader = _Reader(module, recording.input)
    for call in _live(recording):
        reader.visit(call)
    return reader.close(recording.output)


def _refuse_value_reads(recording: Recording) -> None:
    """Raise ``ValueError`` if Python code sees the values that a tensor has for one input."""
    depends = {id(recording.input)}
    for call in recording.calls:
        if any(id(x) in depends for x in call.inputs):
            if call.name in VALUE_READS:
                raise ValueError(
                    f"{call.label}: reads the values of a tensor, not only its shape, so the "
                    "forward may do something else for another input"
                )
            depends.update(id(y) for y in call.outputs)


def _live(recording: Recording) -> list[Call]:
    """The calls that the output depends on."""
    outputs = recording.output if isinstance(recording.output, tuple) else (recording.output,)
    needed = {id(y) for y in outputs}
    live = []
    for call in reversed(recording.calls):
        if call.in_place or any(id(y) in needed for y in call.outputs):
            live.append(call)
            needed.update(id(x) for x in call.inputs)
    return live[::-1]


class _Reader:
    """Follows the one path from input to output, closing a node group at each layer."""

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        self.names = {id(p): name for name, p in module.named_parameters()}
        self.groups = [NodeGroup("input", x.shape[1], Role.INPUT, NO_FACTOR)]
        self.blocks: list[EdgeBlock] = []
        self.signals: dict[int, Signal] = {id(x): Signal(0, x.shape[1])}

    def visit(self, call: Call) -> None:
        """Follow the signals through one call."""
        if not any(id(x) in self.signals for x in call.inputs):
            return
        if call.name in LAYERS:
            self.signals[id(call.result)] = self._layer(call)
            return
        found = propagate(call, [self.signals.get(id(x)) for x in call.inputs])
        if found is None:
            return
        for output, signal in zip(call.outputs, found.signals, strict=False):
            self.signals[id(output)] = self._declare(signal) if signal.group == 0 else signal
        self._restrict(found.group, found.freedom)

    def close(self, output: object) -> tuple[list[NodeGroup], list[EdgeBlock]]:
        """Make the last group the output."""
        if not isinstance(output, Tensor):
            raise ValueError(f"the output must be one tensor, got a {type(output).__name__}")
        signal = self.signals.get(id(output))
        if signal is None:
            raise ValueError(
                "the output does not follow from the input by functions of torch alone; scripted, "
                "compiled and vectorised functions cannot be followed"
            )
        if not self.blocks:
            raise ValueError("no convolution or linear layer between input and output")
        if signal.group != len(self.groups) - 1:
            raise ValueError("the output must be the last layer's output")
        self.groups[-1] = replace(self.groups[-1], role=Role.OUTPUT, freedom=NO_FACTOR)
        covered = {b.weight for b in self.blocks} | {g.bias for g in self.groups}
        unused = sorted(set(self.names.values()) - covered)
        if unused:
            raise ValueError(f"parameters that no layer of the graph uses: {', '.join(unused)}")
        return self.groups, self.blocks

    def _layer(self, call: Call) -> Signal:
        weight, bias = call.argument(1, "weight"), call.argument(2, "bias")
        name, bias_name = self._parameter(call, weight), None
        if bias is not None:
            bias_name = self._parameter(call, bias)
        if call.argument(6, "groups", 1) != 1:
            raise ValueError(f"{call.label}: grouped convolutions are not supported yet")
        signal = self._read(call, self._signal_of(call), weight.shape[1])
        n_out, target = weight.shape[0], len(self.groups)
        shape = tuple(weight.shape)
        self.blocks.append(EdgeBlock(name, shape, signal.group, target, n_out, signal.size))
        owner = name.rpartition(".")[0] or name
        self.groups.append(NodeGroup(owner, n_out, Role.HIDDEN, ANY_FACTOR, bias_name))
        return Signal(target, n_out, call.result.ndim - 1 if call.name == "linear" else 1)

    def _parameter(self, call: Call, tensor: Tensor) -> str:
        name = self.names.get(id(tensor))
        if name is None:
            raise ValueError(
                f"{call.label}: its weight or bias is not a parameter but computed from others; "
                "make it one (torch.nn.utils.prune.remove, parametrize.remove_parametrizations)"
            )
        if name in {b.weight for b in self.blocks} | {g.bias for g in self.groups}:
            raise ValueError(f"{call.label}: is used twice; shared weights are not supported")
        return name

    def _signal_of(self, call: Call) -> Signal:
        signal = self.signals.get(id(call.argument(0, "input")))
        if signal is None:
            raise ValueError(f"{call.label}: its weights depend on the network's input")
        if signal.mixed:
            raise ValueError(signal.mixed)
        return signal

    def _read(self, call: Call, signal: Signal, n_in: int) -> Signal:
        """The signal along the axis that a layer reads."""
        maps = LAYERS[call.name]
        if maps and len(call.shape) != maps + 2:
            raise ValueError(
                f"{call.label}: reads an input of shape {call.shape}; expected batch, channels "
                f"and {maps} more axes"
            )
        axis = 1 if maps else len(call.shape) - 1
        if signal.along(axis, n_in):
            return signal
        if signal.group == 0:
            # Inputs have no freedom: the first layer defines the axis that holds them.
            return self._declare(Signal(0, n_in, axis))
        raise ValueError(
            f"{call.label}: reads axis {axis} of a tensor of shape {call.shape}, whose channels "
            f"({self.groups[signal.group].name}) lie along axis {signal.axis}; flatten first"
        )

    def _declare(self, signal: Signal) -> Signal:
        """An input signal, whose size is the number of input nodes."""
        if signal.size != self.groups[0].size:
            if self.blocks:
                raise ValueError("the input is read twice, with different numbers of channels")
            self.groups[0] = replace(self.groups[0], size=signal.size)
        return signal

    def _restrict(self, index: int, freedom: Freedom) -> None:
        group = self.groups[index]
        if group.role is Role.HIDDEN:
            self.groups[index] = replace(group, freedom=group.freedom & freedom)
