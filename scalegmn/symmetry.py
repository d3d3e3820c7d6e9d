"""Permutations and scalings of hidden units that leave a network's function unchanged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scalegmn.graph.groups import Freedom, Role
from scalegmn.graph.network_graph import NetworkGraph


@dataclass(frozen=True)
class PermScale:
    r"""One permutation and one factor per node of a :class:`NetworkGraph`.

    .. math::
        b'_i = q_i\, b_{\pi(i)}, \qquad
        W'_{ij} = q_i\, W_{\pi(i)\pi(j)}\, q_j^{-1}

    Reference: Kalogeropoulos et al., *Scale Equivariant Graph Metanetworks*, 2024,
    arXiv:2406.10685, proposition 4.1.

    Attributes:
        graph: the architecture that the element acts on.
        perm: ``perm[i]`` is the old index of new node ``i``; nodes stay within their group.
        scale: the factor of each new node, 1 for inputs and outputs.
    """

    graph: NetworkGraph
    perm: Int[Tensor, " node"]
    scale: Float[Tensor, " node"]

    @classmethod
    def sample(
        cls,
        graph: NetworkGraph,
        *,
        spread: float = 1e3,
        generator: torch.Generator | None = None,
    ) -> "PermScale":
        """Draw an element that respects the freedom of every group.

        Args:
            graph: the architecture.
            spread: positive factors are log-uniform in ``[1 / spread, spread]``.
            generator: source of randomness.
        """
        perms, scales = [], []
        for group, nodes in zip(graph.groups, graph.node_slices, strict=True):
            order = torch.arange(group.size)
            if group.role is Role.HIDDEN:
                order = torch.randperm(group.size, generator=generator)
            perms.append(order + nodes.start)
            scales.append(_factors(group.size, group.freedom, spread, generator))
        return cls(graph, torch.cat(perms), torch.cat(scales))

    def inverse(self) -> "PermScale":
        """The element that undoes this one."""
        perm = self.perm.argsort()
        return PermScale(self.graph, perm, 1 / self.scale[perm])

    def on_features(
        self, x_V: Float[Tensor, "*batch node d"], x_E: Float[Tensor, "*batch edge k"]
    ) -> tuple[Float[Tensor, "*batch node d"], Float[Tensor, "*batch edge k"]]:
        """Act on node and edge features, of a network or of a metanetwork's output."""
        scale = self.scale.to(x_V)
        edges = []
        for block, rows in zip(self.graph.blocks, self.graph.edge_slices, strict=True):
            target = self.graph.node_slices[block.target]
            source = self.graph.node_slices[block.source]
            kernels = x_E[..., rows, :].unflatten(-2, (block.n_out, block.n_in))
            kernels = kernels[..., self.perm[target] - target.start, :, :]
            kernels = kernels[..., self.perm[source] - source.start, :]
            factor = scale[target, None] / scale[source]
            edges.append((factor[..., None] * kernels).flatten(-3, -2))
        return scale[:, None] * x_V[..., self.perm, :], torch.cat(edges, dim=-2)

    def on_parameters(self, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Act on the parameters of a network; its function stays the same."""
        return self.graph.parameters(*self.on_features(*self.graph.features(params)))


def _factors(
    size: int, freedom: Freedom, spread: float, generator: torch.Generator | None
) -> Float[Tensor, " node"]:
    factors = torch.ones(size)
    if freedom.positive:
        log = 2 * torch.rand(size, generator=generator) - 1
        factors = factors * torch.exp(log * math.log(spread))
    if freedom.sign:
        factors = factors * (2 * torch.randint(2, (size,), generator=generator) - 1)
    return factors
