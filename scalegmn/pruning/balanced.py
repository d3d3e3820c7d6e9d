"""Balance a network, so that its magnitudes do not depend on the scale of hidden units."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.graph.fold import has_batch_norm


@torch.no_grad()
def balanced(net: nn.Module, example_input: Tensor) -> nn.Module:
    """The copy of a network that computes the same with the parameters of least norm.

    Scores such as the magnitude depend on the factors of ReLU units, the function does not. Scores
    of the copy are the same for all networks that differ only by such factors.

    Reference: Stock et al., *Equi-normalization of Neural Networks*, 2019, arXiv:1902.10416.

    Args:
        net: the network, without batch normalisation.
        example_input: a batch of inputs on the CPU, for the shapes.

    Returns:
        A copy, on the network's devices and in its mode.

    Raises:
        ValueError: if the graph cannot express a layer of the network, or the network has batch
            normalisation.
    """
    if has_batch_norm(net):
        raise ValueError(
            "a network with batch normalisation has no balanced magnitudes: fold it, or compare "
            "magnitudes as they are (selection.gauge=raw)"
        )
    copy = deepcopy(net)
    graph = NetworkGraph.from_module(deepcopy(net).cpu(), example_input)
    params = {name: p.detach().cpu() for name, p in net.named_parameters()}
    moved = balancing(graph, params).on_parameters(params)
    for name, parameter in copy.named_parameters():
        parameter.copy_(moved[name])
    return copy
