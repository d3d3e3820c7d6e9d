"""Read node groups and edge blocks off an ``nn.Module``."""

from dataclasses import replace

from torch import Tensor, nn

from scalegmn.graph.assembly import assemble
from scalegmn.graph.groups import EdgeBlock, NodeGroup
from scalegmn.graph.ledger import Ledger, Weight
from scalegmn.graph.operations import VALUE_READS
from scalegmn.graph.propagation import propagate
from scalegmn.graph.recording import Call, Recording, record
from scalegmn.graph.signal import ZERO, Nodes, Signal, is_input

# Axes of the maps that a layer reads, besides batch and channels.
LAYERS = {"conv1d": 1, "conv2d": 2, "conv3d": 3, "linear": 0}

SCALINGS, SHIFTS = {"mul", "multiply"}, {"add"}


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
    """Follows the nodes from input to output, making new ones at each layer."""

    def __init__(self, module: nn.Module, x: Tensor) -> None:
        self.names = {id(p): name for name, p in module.named_parameters()}
        self.ledger = Ledger()
        self.signals: dict[int, Signal] = {id(x): Signal.of_input(x.shape[1])}

    def visit(self, call: Call) -> None:
        """Follow the signals through one call."""
        if not any(id(x) in self.signals for x in call.inputs):
            return
        if call.name in LAYERS:
            self.signals[id(call.result)] = self._layer(call)
            return
        if self._has_parameter_per_channel(call):
            self.signals[id(call.result)] = self._scale_or_shift(call)
            return
        found = propagate(call, [self.signals.get(id(x)) for x in call.inputs])
        if found is None:
            return
        for output, signal in zip(call.outputs, found.signals, strict=False):
            self.signals[id(output)] = signal
            self.ledger.orders.append(tuple(n for n in signal.order if n != ZERO))
        self.ledger.restrict(found.nodes, found.freedom)
        self.ledger.unite(found.same)
        self.ledger.fixed.update(set(found.fixed) - {ZERO})
        if found.gated:
            gates, gated = zip(*found.gated, strict=True)
            self.ledger.gates += found.gated
            self.ledger.ties.append((gates, gated))

    def close(self, output: object) -> tuple[list[NodeGroup], list[EdgeBlock]]:
        """Make groups and blocks."""
        if not isinstance(output, Tensor):
            raise ValueError(f"the output must be one tensor, got a {type(output).__name__}")
        signal = self.signals.get(id(output))
        if signal is None:
            raise ValueError(
                "the output does not follow from the input by functions of torch alone; scripted, "
                "compiled and vectorised functions cannot be followed"
            )
        if not self.ledger.weights:
            raise ValueError("no convolution or linear layer between input and output")
        if any(is_input(node) or node == ZERO for node in signal.index):
            raise ValueError("the output must be made by layers, not be the input or padding")
        unused = sorted(set(self.names.values()) - {w.name for w in self.ledger.weights})
        if unused:
            raise ValueError(
                f"parameters that no layer of the graph uses: {', '.join(unused)}; it holds those "
                "of convolutions, linear layers and normalisations that follow them"
            )
        return assemble(self.ledger, signal.index)

    def _layer(self, call: Call) -> Signal:
        weight, bias = call.argument(1, "weight"), call.argument(2, "bias")
        name, bias_name = self._parameter(call, weight), None
        if bias is not None:
            bias_name = self._parameter(call, bias)
        parts = call.argument(6, "groups", 1)
        inputs = self._read(call, self._signal_of(call), weight.shape[1] * parts).index
        if ZERO in inputs:
            raise ValueError(f"{call.label}: reads channels padded with zeros; add them first")
        outputs = self.ledger.new(weight.shape[0], name.rpartition(".")[0] or name)
        self._join(name, tuple(weight.shape), outputs, inputs, parts)
        if bias_name is not None:
            self.ledger.weights.append(Weight(bias_name, tuple(bias.shape), 0, outputs))
        return Signal(outputs, call.result.ndim - 1 if call.name == "linear" else 1)

    def _join(
        self, name: str, shape: tuple[int, ...], outputs: Nodes, inputs: Nodes, parts: int
    ) -> None:
        """Join nodes by a weight whose rows and columns are divided into so many parts."""
        if parts > 1 and len(inputs) == len(outputs) == parts:
            self.ledger.ties.append((inputs, outputs))
            self.ledger.weights.append(Weight(name, shape, 0, outputs, inputs, diagonal=True))
            return
        rows, columns = shape[0] // parts, len(inputs) // parts
        for k in range(parts):
            into = outputs[k * rows : (k + 1) * rows]
            out_of = inputs[k * columns : (k + 1) * columns]
            self.ledger.weights.append(Weight(name, (rows, *shape[1:]), k * rows, into, out_of))
        if parts > 1:
            self.ledger.fixed.update(outputs, inputs)

    def _has_parameter_per_channel(self, call: Call) -> bool:
        """Whether a signal is multiplied by, or added to, a parameter with a value per channel."""
        if call.name not in SCALINGS | SHIFTS or len(call.inputs) != 2:
            return False
        own = [x for x in call.inputs if id(x) in self.names]
        signals = [s for x in call.inputs if (s := self.signals.get(id(x))) is not None]
        if len(own) != 1 or len(signals) != 1 or signals[0].mixed:
            return False
        x, signal = own[0], signals[0]
        spread = x.ndim > 0 and len(x) == x.numel() == len(signal.order) == len(signal.index)
        return spread and len(x) > 1 and signal.axis == call.result.ndim - x.ndim

    def _scale_or_shift(self, call: Call) -> Signal:
        by = next(x for x in call.inputs if id(x) in self.names)
        name, shape = self._parameter(call, by), tuple(by.shape)
        signal = next(s for x in call.inputs if (s := self.signals.get(id(x))) is not None)
        if call.name in SHIFTS:
            self.ledger.weights.append(Weight(name, shape, 0, signal.index))
            return signal
        outputs = self.ledger.new(len(by), name.rpartition(".")[0] or name)
        self._join(name, shape, outputs, signal.index, len(by))
        return replace(signal, index=outputs)

    def _parameter(self, call: Call, tensor: Tensor) -> str:
        name = self.names.get(id(tensor))
        if name is None:
            raise ValueError(
                f"{call.label}: its weight or bias is not a parameter but computed from others; "
                "make it one (torch.nn.utils.prune.remove, parametrize.remove_parametrizations)"
            )
        if any(name == w.name for w in self.ledger.weights):
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
        found = signal.along(axis, n_in)
        if found is not None:
            return found
        if signal.is_input:
            # Inputs have no freedom: the layer defines the axis that holds them.
            return Signal.of_input(n_in, axis)
        name = self.ledger.names[next(n for n in signal.index if not is_input(n) and n != ZERO)]
        raise ValueError(
            f"{call.label}: reads axis {axis} of a tensor of shape {call.shape}, whose channels "
            f"({name}) lie along axis {signal.axis}; flatten first"
        )
