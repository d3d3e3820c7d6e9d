"""Node groups and edge blocks, the parts of a network's graph."""

from dataclasses import dataclass
from enum import IntEnum
from math import prod

from jaxtyping import Float
from torch import Tensor


class Role(IntEnum):
    """Position of a node group in a network; inputs and outputs have no freedom."""

    INPUT = 0
    HIDDEN = 1
    OUTPUT = 2


@dataclass(frozen=True)
class Freedom:
    """Non-zero factors by which a unit can be multiplied without changing the network's function.

    The next weights undo the factor, provided that everything between the unit's weights and the
    next weights commutes with it: freedoms of successive operations intersect (``&``).

    Attributes:
        positive: any positive factor (ReLU, max-pooling).
        sign: a change of sign (tanh, sine).
    """

    positive: bool
    sign: bool

    def __and__(self, other: "Freedom") -> "Freedom":
        return Freedom(self.positive and other.positive, self.sign and other.sign)


ANY_FACTOR = Freedom(positive=True, sign=True)
POSITIVE = Freedom(positive=True, sign=False)
SIGN = Freedom(positive=False, sign=True)
NO_FACTOR = Freedom(positive=False, sign=False)


@dataclass(frozen=True)
class NodeGroup:
    """Channels or units that share one index.

    Attributes:
        name: the layer whose outputs these are, or ``"input"``.
        size: number of nodes.
        role: input, hidden or output.
        freedom: of each node by itself.
        bias: name of the bias parameter, if there is one.
        permutes_with: index of the group whose permutation this one shares, node by node (a
            depthwise convolution's outputs, a gate); None if its permutation is its own.
        gates: indices of the groups whose nodes are multiplied by these.
        fixed: the module's code depends on the number of nodes (grouped convolutions, channels
            padded with zeros).
    """

    name: str
    size: int
    role: Role
    freedom: Freedom
    bias: str | None = None
    permutes_with: int | None = None
    gates: tuple[int, ...] = ()
    fixed: bool = False

    @property
    def permutes_freely(self) -> bool:
        """Whether the group has a permutation of its own."""
        return self.role is Role.HIDDEN and self.permutes_with is None


@dataclass(frozen=True)
class EdgeBlock:
    """One weight tensor, or a rectangle of one: edges from the nodes of one group to another's.

    A layer that reads a concatenation has one block for each group that it reads; one with groups
    has one for each of them. A depthwise convolution joins node i to node i only (``diagonal``).

    Attributes:
        weight: name of the parameter.
        shape: of the block, ``(n_out, n_in, *kernel)`` or ``(n_out, n_in * height * width)``;
            ``(n_out, 1, *kernel)`` on a diagonal, ``(n_out,)`` for a bias from the node of ones.
        source: index of the group that the weight reads.
        target: index of the group that it writes.
        n_out: nodes in the target group.
        n_in: nodes in the source group.
        row: where the block begins along the parameter's first axis.
        column: where it begins along the second.
        diagonal: one edge for each node instead of one for each pair.
    """

    weight: str
    shape: tuple[int, ...]
    source: int
    target: int
    n_out: int
    n_in: int
    row: int = 0
    column: int = 0
    diagonal: bool = False

    @property
    def num_edges(self) -> int:
        """Edges, target-major: edge ``o * n_in + i`` joins ``i`` to ``o``; on a diagonal n_out."""
        return self.n_out if self.diagonal else self.n_out * self.n_in

    @property
    def edge_dim(self) -> int:
        """Weights on one edge: 9 for a 3x3 kernel, H*W for a Linear after flattened H x W maps."""
        return prod(self.shape) // self.num_edges

    def at_targets(
        self, edges: Float[Tensor, "*batch edge"], sources: Float[Tensor, "*#batch source"]
    ) -> Float[Tensor, "*batch target"]:
        """The sums over edges into each target, of an edge's value times that of its source."""
        if self.diagonal:
            return edges * sources
        return (self.matrix(edges) @ sources.unsqueeze(-1)).squeeze(-1)

    def at_sources(
        self, edges: Float[Tensor, "*batch edge"], targets: Float[Tensor, "*#batch target"]
    ) -> Float[Tensor, "*batch source"]:
        """The sums over edges out of each source, of an edge's value times that of its target."""
        if self.diagonal:
            return edges * targets
        return (self.matrix(edges).mT @ targets.unsqueeze(-1)).squeeze(-1)

    def at_edges(
        self, targets: Float[Tensor, "*batch target"], sources: Float[Tensor, "*batch source"]
    ) -> Float[Tensor, "*batch edge"]:
        """The product of both ends for each edge."""
        if self.diagonal:
            return targets * sources
        return (targets.unsqueeze(-1) * sources.unsqueeze(-2)).flatten(-2)

    def matrix(self, edges: Tensor) -> Float[Tensor, "*batch target source"]:
        """The edges of a block that is not diagonal, targets by sources."""
        return edges.unflatten(-1, (self.n_out, self.n_in))
