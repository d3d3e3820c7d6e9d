"""Make a smaller network that computes the same."""

from collections.abc import Mapping
from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.graph import NetworkGraph, fold_batch_norm
from scalegmn.pruning.compaction.constants import LayerInputs
from scalegmn.pruning.compaction.dead import kept_nodes
from scalegmn.pruning.compaction.surgery import shrink_

# Of the largest output, in float64.
TOLERANCE = 1e-9


@torch.no_grad()
def compact(
    module: nn.Module, example_input: Tensor, params: Mapping[str, Tensor] | None = None
) -> nn.Module:
    """A copy without dead channels, which computes the same in evaluation mode.

    Two kinds of channels are dead. What an *unread* one computes reaches no output: all of its
    outgoing weights are zero, or lead to unread channels only. A *constant* one depends on no
    input: all of its incoming weights are zero, or come from constant channels; what it adds to the
    next layer is folded into that layer's bias. Where zero padding makes that differ at the border
    of maps, the channel stays. Channels that are added, gated or convolved depthwise go together
    or not at all; where the module's code fixes their number (grouped convolutions, shortcuts
    padded with zero channels), and one channel of each layer, they stay.

    Batch normalisation is folded first. Folding constants is exact for images of the size of the
    example.

    Args:
        module: what :meth:`NetworkGraph.from_module` can read.
        example_input: a batch of inputs, for the shapes.
        params: the network's parameters, such as masked ones; the module's own if not given.

    Returns:
        A module of the same class with smaller layers, on the same device and in the same mode.

    Raises:
        ValueError: the graph cannot express a layer, or the module's code depends on the number of
            its channels.
    """
    own = next(module.parameters())
    net = deepcopy(module)
    if params is not None:
        net.load_state_dict({**net.state_dict(), **params})
    net = fold_batch_norm(net.cpu(), example_input.cpu()).double().eval()
    x = torch.randn(example_input.shape, dtype=torch.float64)
    graph = NetworkGraph.from_module(net, x)
    weights = {name: p.detach() for name, p in net.named_parameters()}
    before = net(x)
    inputs = LayerInputs.of(net, x)
    kept, shifts = kept_nodes(graph, weights, inputs)
    small = shrink_(net, graph, kept, shifts)
    _check(small, x, before)
    for new, old in zip(small.modules(), module.modules(), strict=False):
        new.training = old.training
    return small.to(own)


def _check(small: nn.Module, x: Tensor, before: Tensor) -> None:
    name = type(small).__name__
    advice = "its code may depend on numbers of channels, as view(-1, 512) does: use flatten(1)"
    try:
        after = small(x)
    except RuntimeError as error:
        raise ValueError(f"{name}: does not run with fewer channels: {advice}") from error
    if after.shape != before.shape or (after - before).abs().max() > TOLERANCE * max(
        1.0, before.abs().max().item()
    ):
        raise ValueError(f"{name}: computes something else with fewer channels: {advice}")
