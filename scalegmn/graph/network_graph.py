"""A network's architecture as node groups and edge blocks; parameters flow through as tensors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from scalegmn.graph.groups import EdgeBlock, NodeGroup, Role

if TYPE_CHECKING:
    from torch_geometric.data import Data


@dataclass(frozen=True)
class NetworkGraph:
    r"""What a trained network looks like to a metanetwork.

    A node is a channel or unit and carries its bias; an edge is a kernel. Edges are stored flat,
    block after block, in the weight's own order, so that a weight, reshaped to
    ``(n_out * n_in, kh * kw)`` and zero-padded to the largest kernel, *is* its edge features.

    Reference: Kofinas et al., *Graph Neural Networks for Learning Equivariant Representations of
    Neural Networks*, 2024, arXiv:2403.12143, section 3.

    Attributes:
        groups: node groups in the order of the nodes, inputs first.
        blocks: edge blocks in the order of the edges.
        input_feature: the feature of input nodes, which have no bias (0 for CNNs, 1 for INRs).
    """

    groups: tuple[NodeGroup, ...]
    blocks: tuple[EdgeBlock, ...]
    input_feature: float = 0.0

    @classmethod
    def from_module(
        cls, module: nn.Module, example_input: Tensor, *, input_feature: float = 0.0
    ) -> "NetworkGraph":
        """Read the graph off a module with ``torch.fx``.

        Batch normalisation is folded: the graph is then that of
        :func:`~scalegmn.graph.fold.fold_batch_norm`, whose parameters it describes.

        Args:
            module: any sequential arrangement of convolutions, linear layers, element-wise
                activations, pooling, flatten and dropout.
            example_input: a batch of inputs, for the shapes.
            input_feature: see the class.

        Raises:
            ValueError: names a layer that the graph cannot express, and why.
        """
        from scalegmn.graph.tracing import trace

        groups, blocks = trace(module, example_input)
        return cls(tuple(groups), tuple(blocks), input_feature)

    @property
    def num_nodes(self) -> int:
        return sum(group.size for group in self.groups)

    @property
    def num_edges(self) -> int:
        return sum(block.num_edges for block in self.blocks)

    @cached_property
    def edge_dim(self) -> int:
        """Features of an edge: the size of the largest kernel."""
        return max(block.edge_dim for block in self.blocks)

    @cached_property
    def node_slices(self) -> tuple[slice, ...]:
        """The nodes of each group."""
        return _slices([group.size for group in self.groups])

    @cached_property
    def edge_slices(self) -> tuple[slice, ...]:
        """The edges of each block."""
        return _slices([block.num_edges for block in self.blocks])

    @cached_property
    def node_roles(self) -> Int[Tensor, " node"]:
        """The :class:`Role` of each node."""
        return _repeat([int(g.role) for g in self.groups], [g.size for g in self.groups])

    @cached_property
    def node_types(self) -> Int[Tensor, " node"]:
        """A type for each input node, one for each hidden group, one for each output node.

        These index the positional encodings: symmetric nodes, and only those, share a type.
        """
        types, first = [], 0
        for group in self.groups:
            own = group.role is not Role.HIDDEN
            types.append(first + (torch.arange(group.size) if own else torch.zeros(group.size)))
            first += group.size if own else 1
        return torch.cat(types).long()

    @cached_property
    def edge_types(self) -> Int[Tensor, " edge"]:
        """A type per source node from the inputs, per target node into outputs, else per block."""
        types, first = [], 0
        for block in self.blocks:
            target, source = torch.meshgrid(
                torch.arange(block.n_out), torch.arange(block.n_in), indexing="ij"
            )
            if self.groups[block.target].role is Role.OUTPUT:
                own, count = target, block.n_out
            elif self.groups[block.source].role is Role.INPUT:
                own, count = source, block.n_in
            else:
                own, count = torch.zeros_like(source), 1
            types.append(first + own.flatten())
            first += count
        return torch.cat(types)

    @cached_property
    def sign_nodes(self) -> Bool[Tensor, " node"]:
        """Nodes that are free to change their sign but not their size (tanh, sine).

        Inputs and outputs follow the hidden nodes if these agree; they have no freedom either way.
        """
        own = [g.freedom.sign and not g.freedom.positive for g in self.groups]
        hidden = [o for o, g in zip(own, self.groups, strict=True) if g.role is Role.HIDDEN]
        fixed = bool(hidden) and all(hidden)
        flags = [
            o if g.role is Role.HIDDEN else fixed for o, g in zip(own, self.groups, strict=True)
        ]
        return _repeat([int(f) for f in flags], [g.size for g in self.groups]).bool()

    @cached_property
    def bias_of_node(self) -> Int[Tensor, " node"]:
        """Which of the graph's biases each node carries, -1 for none."""
        has_bias = [group.bias is not None for group in self.groups]
        index = [
            n - 1 if own else -1 for n, own in zip(accumulate(has_bias), has_bias, strict=True)
        ]
        return _repeat(index, [group.size for group in self.groups])

    @cached_property
    def block_of_edge(self) -> Int[Tensor, " edge"]:
        """The block of each edge."""
        return _repeat(range(len(self.blocks)), [block.num_edges for block in self.blocks])

    @cached_property
    def edge_index(self) -> Int[Tensor, "2 edge"]:
        """Source and target node of each edge, in the order of the edges."""
        pairs = []
        for block in self.blocks:
            source = torch.arange(block.n_in) + self.node_slices[block.source].start
            target = torch.arange(block.n_out) + self.node_slices[block.target].start
            pairs.append(torch.stack([source.repeat(block.n_out), _spread(target, block.n_in)]))
        return torch.cat(pairs, dim=1)

    def features(
        self, params: Mapping[str, Tensor]
    ) -> tuple[Float[Tensor, "*batch node 1"], Float[Tensor, "*batch edge k"]]:
        """Node and edge features of a network, or of a batch of networks, differentiably.

        Args:
            params: tensors by name, each with the same leading batch axes, if any.

        Raises:
            ValueError: a parameter is missing or has the wrong shape.
        """
        batch = self.batch_shape(params)
        anchor = params[self.blocks[0].weight]
        biases = [
            anchor.new_full((*batch, g.size), self.input_feature if g.role is Role.INPUT else 0.0)
            if g.bias is None
            else params[g.bias]
            for g in self.groups
        ]
        kernels = [
            _padded(params[b.weight].reshape(*batch, b.num_edges, b.edge_dim), self.edge_dim)
            for b in self.blocks
        ]
        return torch.cat(biases, dim=-1).unsqueeze(-1), torch.cat(kernels, dim=-2)

    def parameters(
        self, x_V: Float[Tensor, "*batch node 1"], x_E: Float[Tensor, "*batch edge k"]
    ) -> dict[str, Tensor]:
        """The inverse of :meth:`features`; what belongs to no parameter is left out."""
        batch = x_V.shape[:-2]
        # One split has one backward pass; as many slices would each fill a tensor of full size.
        kernels = x_E.split([block.num_edges for block in self.blocks], dim=-2)
        biases = x_V.squeeze(-1).split([group.size for group in self.groups], dim=-1)
        out = {
            block.weight: rows[..., : block.edge_dim].reshape(*batch, *block.shape)
            for block, rows in zip(self.blocks, kernels, strict=True)
        }
        for group, values in zip(self.groups, biases, strict=True):
            if group.bias is not None:
                out[group.bias] = values
        return out

    def to_pyg(self, params: Mapping[str, Tensor]) -> "Data":
        """One network as a ``torch_geometric.data.Data`` object."""
        from scalegmn.graph.pyg import to_pyg

        return to_pyg(self, params)

    def batch_shape(self, params: Mapping[str, Tensor]) -> torch.Size:
        shapes = {b.weight: b.shape for b in self.blocks}
        shapes |= {g.bias: (g.size,) for g in self.groups if g.bias is not None}
        missing = sorted(shapes.keys() - params.keys())
        if missing:
            raise ValueError(f"the graph needs parameters that are not given: {', '.join(missing)}")
        first = self.blocks[0]
        batch = params[first.weight].shape[: -len(first.shape)]
        for name, shape in shapes.items():
            if params[name].shape != (*batch, *shape):
                raise ValueError(
                    f"{name}: expected shape {(*batch, *shape)}, got {tuple(params[name].shape)}"
                )
        return batch


def _padded(kernels: Tensor, edge_dim: int) -> Tensor:
    # Padding by nothing would copy, and joining the blocks copies once more.
    missing = edge_dim - kernels.shape[-1]
    return F.pad(kernels, (0, missing)) if missing else kernels


def _slices(sizes: Sequence[int]) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in pairwise(accumulate(sizes, initial=0)))


def _spread(values: Tensor, times: int) -> Tensor:
    return values.repeat_interleave(times)


def _repeat(values: Sequence[int], sizes: Sequence[int]) -> Tensor:
    return torch.tensor(values).repeat_interleave(torch.tensor(sizes))
