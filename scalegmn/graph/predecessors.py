"""Find the layer that directly precedes each module of some types."""

from collections import Counter

from torch import Tensor, fx, nn

from scalegmn.graph.recording import record

Types = tuple[type[nn.Module], ...]
# A module, and the one that precedes it: None if that is a function, or is used more than once, or
# has another reader.
Pairs = list[tuple[nn.Module, nn.Module | None]]


def traced_predecessors(module: nn.Module, types: Types) -> Pairs:
    """The predecessors by ``torch.fx``, which needs no input.

    Raises:
        ValueError: the module's Python code depends on its input and cannot be traced.
    """
    try:
        nodes = list(fx.Tracer().trace(module).nodes)
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"{type(module).__name__}: torch.fx cannot trace it ({reason}); give an example_input"
        ) from error
    layers = dict(module.named_modules())
    uses = Counter(node.target for node in nodes if node.op == "call_module")
    pairs: Pairs = []
    for node in nodes:
        if node.op == "call_module" and isinstance(layers[str(node.target)], types):
            before = node.args[0]
            assert isinstance(before, fx.Node)
            alone = before.op == "call_module" and uses[before.target] == len(before.users) == 1
            pairs.append((layers[str(node.target)], layers[str(before.target)] if alone else None))
    return pairs


def recorded_predecessors(module: nn.Module, types: Types, example_input: Tensor) -> Pairs:
    """The predecessors by running the module in evaluation mode.

    Raises:
        ValueError: the module does not run on the input.
    """
    calls = record(module, example_input).calls
    uses = Counter(call.module for call in calls if call.name in ("conv1d", "conv2d", "conv3d"))
    uses += Counter(call.module for call in calls if call.name == "linear")
    readers = Counter(id(x) for call in calls if call.outputs for x in call.inputs)
    makers = {id(y): call.module for call in calls for y in call.outputs}
    pairs: Pairs = []
    for call in calls:
        if call.name == "batch_norm" and isinstance(call.module, types):
            x = call.inputs[0]
            before = makers.get(id(x))
            alone = before is not None and uses[before] == 1 and readers[id(x)] == 1
            pairs.append((call.module, before if alone else None))
    return pairs
