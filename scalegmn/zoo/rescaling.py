"""Other copies of the networks of a batch, which compute the same."""

import math

import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph
from scalegmn.graph.groups import Role
from scalegmn.symmetry import PermScale
from scalegmn.zoo.batch import NetworkBatch
from scalegmn.zoo.builders.noise import random_bits


class RandomRescaling:
    r"""Multiply what each hidden unit computes by a factor, and divide it out again afterwards.

    The networks, and so their labels, stay the same functions, in other parameters: what a reader
    that respects this symmetry need not learn, others can learn from such copies. Factors of ReLU
    units are log-uniform in :math:`[1 / s, s]`; tanh units get random signs.

    Args:
        graph: the architecture of the networks, whose hidden units are all ReLU or all tanh.
        spread: s, above 1.

    Raises:
        ValueError: if the spread is not above 1.
    """

    def __init__(self, graph: NetworkGraph, spread: float) -> None:
        check_number("data.rescale", spread, above=1)
        self.graph = graph
        self.log_spread = math.log(spread)
        self.perm = torch.arange(graph.num_nodes)
        sizes = torch.tensor([group.size for group in graph.groups])
        hidden = torch.tensor([group.role is Role.HIDDEN for group in graph.groups])
        self.hidden = hidden.repeat_interleave(sizes)

    def __call__(self, batch: NetworkBatch, noise: Int64[Tensor, " network"]) -> NetworkBatch:
        """Rescale every network of a batch.

        Args:
            batch: networks of the architecture, on any device.
            noise: a random number per network, which determines its factors.
        """
        element = PermScale(self.graph, self.perm, self._factors(batch, noise))
        return batch._replace(parameters=element.on_parameters(batch.parameters))

    def _factors(
        self, batch: NetworkBatch, noise: Int64[Tensor, " network"]
    ) -> Float64[Tensor, "network node"]:
        bits = random_bits(noise, self.graph.num_nodes, stream=0, time=0).double() / 2**31
        signs = torch.where(bits < 0, -1.0, 1.0).double()
        factors = torch.where(batch.sign[:, None], signs, (bits * self.log_spread).exp())
        return factors.where(self.hidden.to(factors.device), 1.0)
