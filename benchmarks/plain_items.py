"""Networks as the published code hands them out: one ``Data`` object each, then collated."""

from collections.abc import Mapping, Sequence

import pandas as pd
import torch
import torch.nn.functional as F
from torch import Tensor
from torch_geometric.data import Batch, Data

from scalegmn.graph import NetworkGraph, Role


class PlainItems:
    """Rows of a zoo as graphs, each built anew when it is asked for.

    Every kernel is written into a dense tensor of all pairs of nodes, from which the edges are
    picked again.

    Args:
        graph: the architecture.
        parameters: of all networks, by name.
        metrics: a row per network, with ``test_accuracy`` and ``config.activation``.
    """

    def __init__(
        self, graph: NetworkGraph, parameters: Mapping[str, Tensor], metrics: pd.DataFrame
    ) -> None:
        self.graph = graph
        self.parameters = parameters
        self.metrics = metrics

    def __getitem__(self, i: int) -> Data:
        graph, row = self.graph, self.metrics.iloc[i]
        x = torch.zeros(graph.num_nodes, 1)
        for group, nodes in zip(graph.groups, graph.node_slices, strict=True):
            if group.bias is not None:
                x[nodes, 0] = self.parameters[group.bias][i]
        dense = torch.zeros(graph.num_nodes, graph.num_nodes, graph.edge_dim)
        for block in graph.blocks:
            source, target = graph.node_slices[block.source], graph.node_slices[block.target]
            kernels = self.parameters[block.weight][i].view(block.n_out, block.n_in, block.edge_dim)
            padded = F.pad(kernels, (0, graph.edge_dim - block.edge_dim))
            dense[source, target] = padded.transpose(0, 1)
        edges = graph.edge_index
        return Data(
            x=x,
            edge_attr=dense[edges[0], edges[1]],
            edge_index=edges,
            node2type=graph.node_types,
            edge2type=graph.edge_types,
            mask_hidden=(graph.node_roles == Role.HIDDEN)[:, None],
            sign_mask=torch.tensor(row["config.activation"] == "tanh"),
            y=torch.tensor(row["test_accuracy"]),
        )

    def batch(self, rows: Sequence[int]) -> Batch:
        """Built one by one, and collated."""
        return Batch.from_data_list([self[i] for i in rows])


class PygItems(PlainItems):
    """The same with our own ``to_pyg``, which needs no dense tensor."""

    def __getitem__(self, i: int) -> Data:
        data = self.graph.to_pyg({name: p[i] for name, p in self.parameters.items()})
        row = self.metrics.iloc[i]
        data.y = torch.tensor(row["test_accuracy"])
        data.sign_mask = torch.tensor(row["config.activation"] == "tanh")
        return data
