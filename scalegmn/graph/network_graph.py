"""Architectures as node groups and edge blocks, and parameters as their features."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor, nn

from scalegmn.graph import indices
from scalegmn.graph.blocks import full_shape, join_blocks, pad_kernels, parts_of, take_block
from scalegmn.graph.groups import EdgeBlock, NodeGroup, Role

if TYPE_CHECKING:
    from torch_geometric.data import Data


@dataclass(frozen=True, repr=False)
class NetworkGraph:
    r"""A network's architecture: node groups joined by edge blocks.

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
        cls,
        module: nn.Module,
        example_input: Tensor,
        *,
        input_feature: float = 0.0,
        verify: bool = True,
    ) -> "NetworkGraph":
        """Read the graph off a module by recording what it calls on an example.

        Batch normalisation is folded: the graph is then that of
        :func:`~scalegmn.graph.fold.fold_batch_norm`, whose parameters it describes. At the end the
        graph is verified: the module's function must stay the same under permutations and factors
        of hidden units (three forward passes in all; 3 ms for the small CNN, 0.5 s for VGG19 on one
        core).

        Args:
            module: convolutions, with groups and depthwise too, and linear layers, joined by
                element-wise activations, pooling, padding, flatten, dropout, sums, concatenations
                and gates, as modules or functions.
            example_input: a batch of inputs, for the shapes.
            input_feature: see the class.
            verify: whether to check the symmetries on random parameters and inputs.

        Raises:
            ValueError: names a layer or operation that the graph cannot express, and why; or the
                function is not symmetric.
        """
        from scalegmn.graph.reading import read_graph

        return read_graph(module, example_input, input_feature=input_feature, verify=verify)

    @property
    def num_nodes(self) -> int:
        return sum(group.size for group in self.groups)

    @property
    def num_edges(self) -> int:
        return sum(block.num_edges for block in self.blocks)

    @cached_property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter that belongs to nodes or edges, by name."""
        shapes = {name: full_shape(parts) for name, parts in self.parts.items()}
        return shapes | {g.bias: (g.size,) for g in self.groups if g.bias is not None}

    @cached_property
    def parts(self) -> dict[str, tuple[EdgeBlock, ...]]:
        """The blocks of each weight, by rows and then by columns."""
        return parts_of(self.blocks)

    @cached_property
    def edge_dim(self) -> int:
        """Features of an edge: the size of the largest kernel."""
        return max(block.edge_dim for block in self.blocks)

    @cached_property
    def node_slices(self) -> tuple[slice, ...]:
        """The nodes of each group."""
        return indices.slices(group.size for group in self.groups)

    @cached_property
    def edge_slices(self) -> tuple[slice, ...]:
        """The edges of each block."""
        return indices.slices(block.num_edges for block in self.blocks)

    @cached_property
    def node_roles(self) -> Int[Tensor, " node"]:
        """The :class:`Role` of each node."""
        return indices.per_node(self.groups, [int(group.role) for group in self.groups])

    @cached_property
    def node_types(self) -> Int[Tensor, " node"]:
        """A type for each input node, one for each hidden group, one for each output node.

        These index the positional encodings: symmetric nodes, and only those, share a type.
        """
        return indices.node_types(self.groups)

    @cached_property
    def edge_types(self) -> Int[Tensor, " edge"]:
        """A type per source node from the inputs, per target node into outputs, else per block."""
        return indices.edge_types(self.groups, self.blocks)

    @cached_property
    def sign_nodes(self) -> Bool[Tensor, " node"]:
        """Nodes that are free to change their sign but not their size (tanh, sine).

        Inputs and outputs follow the hidden nodes if these agree; they have no freedom either way.
        """
        return indices.sign_nodes(self.groups)

    @cached_property
    def bias_of_node(self) -> Int[Tensor, " node"]:
        """The number of the graph's bias that each node carries, -1 for none."""
        return indices.bias_of_node(self.groups)

    @cached_property
    def block_of_edge(self) -> Int[Tensor, " edge"]:
        """The block of each edge."""
        sizes = torch.tensor([block.num_edges for block in self.blocks])
        return torch.arange(len(self.blocks)).repeat_interleave(sizes)

    @cached_property
    def edge_index(self) -> Int[Tensor, "2 edge"]:
        """Source and target node of each edge, in the order of the edges."""
        return indices.edge_index(self.groups, self.blocks)

    def features(
        self, params: Mapping[str, Tensor]
    ) -> tuple[Float[Tensor, "*batch node 1"], Float[Tensor, "*batch edge k"]]:
        """Node and edge features of a network, or of a batch of networks, differentiably.

        Args:
            params: tensors by name, each with the same leading batch axes, if any.

        Raises:
            ValueError: see :meth:`batch_shape`.
        """
        batch = self.batch_shape(params)
        anchor = params[self.blocks[0].weight]
        biases = [
            anchor.new_full((*batch, g.size), self.input_feature if g.role is Role.INPUT else 0.0)
            if g.bias is None
            else params[g.bias]
            for g in self.groups
        ]
        kernels = [pad_kernels(k, self.edge_dim) for k in self.kernels(params)]
        return torch.cat(biases, dim=-1).unsqueeze(-1), torch.cat(kernels, dim=-2)

    def parameters(
        self, x_V: Float[Tensor, "*batch node 1"], x_E: Float[Tensor, "*batch edge k"]
    ) -> dict[str, Tensor]:
        """The inverse of :meth:`features`; what belongs to no parameter is left out."""
        # One split has one backward pass; as many slices would each fill a tensor of full size.
        kernels = x_E.split([block.num_edges for block in self.blocks], dim=-2)
        biases = x_V.squeeze(-1).split([group.size for group in self.groups], dim=-1)
        out = self.weights(
            [k[..., : b.edge_dim] for b, k in zip(self.blocks, kernels, strict=True)]
        )
        for group, values in zip(self.groups, biases, strict=True):
            if group.bias is not None:
                out[group.bias] = values
        return out

    def kernels(self, params: Mapping[str, Tensor]) -> list[Float[Tensor, "*batch _edge _k"]]:
        """The weights on the edges of each block, without padding, differentiably.

        Args:
            params: tensors by name, each with the same leading batch axes, if any.

        Raises:
            ValueError: see :meth:`batch_shape`.
        """
        batch, shapes = self.batch_shape(params), self.parameter_shapes
        parts = [take_block(params[b.weight], b, shapes[b.weight], len(batch)) for b in self.blocks]
        ends = [(*batch, b.num_edges, b.edge_dim) for b in self.blocks]
        return [part.reshape(shape) for part, shape in zip(parts, ends, strict=True)]

    def weights(self, kernels: Sequence[Shaped[Tensor, "*batch _edge _k"]]) -> dict[str, Tensor]:
        """The inverse of :meth:`kernels`: the parameters that belong to edges."""
        pairs = zip(self.blocks, kernels, strict=True)
        tensors = {b: rows.reshape(*rows.shape[:-2], *b.shape) for b, rows in pairs}
        return {n: join_blocks(p, [tensors[b] for b in p]) for n, p in self.parts.items()}

    def to_pyg(self, params: Mapping[str, Tensor]) -> "Data":
        """One network as a ``torch_geometric.data.Data`` object."""
        from scalegmn.graph.pyg import to_pyg

        return to_pyg(self, params)

    def batch_shape(self, params: Mapping[str, Tensor]) -> torch.Size:
        """Leading axes of the parameters of a batch of networks.

        Raises:
            ValueError: parameters are missing, have the wrong shape, or belong to nothing.
        """
        shapes = self.parameter_shapes
        if unknown := sorted(params.keys() - shapes.keys()):
            raise ValueError(
                f"parameters that belong to no node or edge of the graph: {', '.join(unknown)}; "
                "batch normalisation has to be folded first (scalegmn.graph.fold_batch_norm)"
            )
        if missing := sorted(shapes.keys() - params.keys()):
            raise ValueError(f"the graph needs parameters that are not given: {', '.join(missing)}")
        first = self.blocks[0].weight
        batch = params[first].shape[: -len(shapes[first])]
        for name, shape in shapes.items():
            if params[name].shape != (*batch, *shape):
                raise ValueError(
                    f"{name}: expected shape {(*batch, *shape)}, got {tuple(params[name].shape)}"
                )
        return batch

    def __hash__(self) -> int:
        # A graph is a key of every cache that a small metanetwork's pass goes through.
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash((self.groups, self.blocks, self.input_feature))

    def __repr__(self) -> str:
        names = [f"{group.name} ({group.size})" for group in self.groups]
        if len(names) > 8:
            names[4:-3] = [f"{len(names) - 7} more"]
        sizes = f"{self.num_nodes:,} nodes, {self.num_edges:,} edges of {self.edge_dim} features"
        return f"NetworkGraph({sizes}: {' -> '.join(names)})"
