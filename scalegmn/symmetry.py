"""Permutations and scalings of hidden units that leave a network's function unchanged."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from scalegmn.graph.groups import NO_FACTOR, POSITIVE, SIGN, EdgeBlock, Freedom
from scalegmn.graph.indices import permutations
from scalegmn.graph.network_graph import NetworkGraph


@runtime_checkable
class SymmetryKind(Protocol):
    """The kind of symmetry that a metanetwork respects.

    Attributes:
        permutes: it respects permutations of the hidden units of each layer.
    """

    permutes: bool

    def admits(self, freedom: Freedom) -> bool:
        """Whether units of this freedom have the symmetry."""


def respected_freedom(kind: SymmetryKind, freedom: Freedom) -> Freedom:
    """The part of a unit's freedom that a metanetwork of this kind respects.

    Units that are free to change both size and sign (no activation) count as positive where the
    kind admits that.
    """
    if kind.admits(NO_FACTOR):
        return NO_FACTOR
    if freedom.positive and kind.admits(POSITIVE):
        return POSITIVE
    return SIGN if freedom.sign and kind.admits(SIGN) else NO_FACTOR


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
        scale: the factor of each new node, 1 for inputs and outputs, in float64: it is cast to the
            precision of what it acts on, so that an inverse is as exact as that. With leading axes,
            the networks of a batch have factors of their own.
    """

    graph: NetworkGraph
    perm: Int[Tensor, " node"]
    scale: Float[Tensor, "*batch node"]

    @classmethod
    def sample(
        cls,
        graph: NetworkGraph,
        *,
        kind: SymmetryKind | None = None,
        spread: float = 1e3,
        generator: torch.Generator | None = None,
    ) -> "PermScale":
        """Draw an element that respects the freedom of every group.

        Args:
            graph: the architecture.
            kind: draw only what metanetworks of this kind respect, such as
                ``Architecture().kind``; all that leaves the network's function unchanged without.
            spread: positive factors are log-uniform in ``[1 / spread, spread]``.
            generator: source of randomness.
        """

        def order(size: int) -> Tensor:
            if kind is None or kind.permutes:
                return torch.randperm(size, generator=generator)
            return torch.arange(size)

        orders = permutations(graph.groups, order)
        perms = [p + nodes.start for p, nodes in zip(orders, graph.node_slices, strict=True)]
        scales = []
        for group in graph.groups:
            freedom = group.freedom if kind is None else respected_freedom(kind, group.freedom)
            scales.append(_factors(group.size, freedom, spread, generator))
        return cls(graph, torch.cat(perms), torch.cat(scales))

    def inverse(self) -> "PermScale":
        """The element that undoes this one."""
        perm = self.perm.argsort()
        return PermScale(self.graph, perm, 1 / self.scale[..., perm])

    def on_features(
        self, x_V: Float[Tensor, "*batch node d"], x_E: Float[Tensor, "*batch edge k"]
    ) -> tuple[Float[Tensor, "*batch node d"], Float[Tensor, "*batch edge k"]]:
        """Act on node and edge features, of a network or of a metanetwork's output."""
        edges = [
            self._on_block(block, x_E[..., rows, :])
            for block, rows in zip(self.graph.blocks, self.graph.edge_slices, strict=True)
        ]
        nodes = self.scale.to(x_V)[..., None] * x_V[..., self.perm, :]
        return nodes, torch.cat(edges, dim=-2)

    def on_parameters(self, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Act on the parameters of a network or of a batch; the function stays the same."""
        kernels = self.graph.kernels(params)
        pairs = zip(self.graph.blocks, kernels, strict=True)
        out = self.graph.weights([self._on_block(block, edges) for block, edges in pairs])
        for group, nodes in zip(self.graph.groups, self.graph.node_slices, strict=True):
            if group.bias is not None:
                bias = params[group.bias]
                factor = self.scale[..., nodes].to(bias)
                out[group.bias] = factor * bias[..., self.perm[nodes] - nodes.start]
        return out

    def _on_block(
        self, block: EdgeBlock, edges: Float[Tensor, "*batch edge k"]
    ) -> Float[Tensor, "*batch edge k"]:
        target = self.graph.node_slices[block.target]
        source = self.graph.node_slices[block.source]
        new, old = (self.perm[nodes] - nodes.start for nodes in (target, source))
        if block.diagonal:
            moved = edges[..., new, :]
        else:
            kernels = edges.unflatten(-2, (block.n_out, block.n_in))
            moved = kernels[..., new, :, :][..., old, :].flatten(-3, -2)
        factor = block.at_edges(self.scale[..., target], 1 / self.scale[..., source])
        return factor.to(edges)[..., None] * moved


def _factors(
    size: int, freedom: Freedom, spread: float, generator: torch.Generator | None
) -> Float[Tensor, " node"]:
    factors = torch.ones(size, dtype=torch.float64)
    if freedom.positive:
        log = 2 * torch.rand(size, generator=generator, dtype=torch.float64) - 1
        factors = factors * torch.exp(log * math.log(spread))
    if freedom.sign:
        factors = factors * (2 * torch.randint(2, (size,), generator=generator) - 1)
    return factors
