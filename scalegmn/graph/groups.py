"""Node groups and edge blocks, the parts of a network's graph."""

from dataclasses import dataclass
from enum import IntEnum
from math import prod


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
        freedom: of each node by itself; permutations within a hidden group are always free.
        bias: name of the bias parameter, if there is one.
    """

    name: str
    size: int
    role: Role
    freedom: Freedom
    bias: str | None = None


@dataclass(frozen=True)
class EdgeBlock:
    """One weight tensor: an edge from every node of one group to every node of another.

    Attributes:
        weight: name of the parameter.
        shape: of the parameter, ``(n_out, n_in, *kernel)`` or ``(n_out, n_in * height * width)``.
        source: index of the group that the weight reads.
        target: index of the group that it writes.
        n_out: nodes in the target group.
        n_in: nodes in the source group.
    """

    weight: str
    shape: tuple[int, ...]
    source: int
    target: int
    n_out: int
    n_in: int

    @property
    def num_edges(self) -> int:
        """Edges of the block, target-major: edge ``o * n_in + i`` joins ``i`` to ``o``."""
        return self.n_out * self.n_in

    @property
    def edge_dim(self) -> int:
        """Weights on one edge: 9 for a 3x3 kernel, H*W for a Linear after flattened H x W maps."""
        return prod(self.shape) // self.num_edges
