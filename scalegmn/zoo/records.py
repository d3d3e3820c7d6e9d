"""Select rows of zoos, and gather them into memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from scalegmn.graph import NetworkGraph, in_range
from scalegmn.targets import SmallCNN
from scalegmn.zoo.architecture import columns, small_cnn
from scalegmn.zoo.folder import LAYOUT, METRICS, ZooFolder
from scalegmn.zoo.networks import Networks

ACTIVATIONS = {"relu": False, "tanh": True}
# Networks whose range is checked at once: 40 MB in double precision.
CHUNK = 1024
LABELS = ("test_accuracy", "val_accuracy")


@dataclass(frozen=True)
class Records:
    """Some rows of a zoo.

    Attributes:
        zoo: the folder.
        rows: in ascending order.
    """

    zoo: ZooFolder
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def with_activation(self, activation: str | None) -> "Records":
        """Those of one activation, ``relu`` or ``tanh``, or all.

        Raises:
            ValueError: if the metrics name another activation than these.
        """
        names = self.zoo.metrics["config.activation"].iloc[self.rows]
        if unknown := sorted(set(names.astype(str).unique()) - set(ACTIVATIONS)):
            path = self.zoo.path / METRICS
            raise ValueError(f"{path}: unknown activation {unknown[0]!r}, expected relu or tanh")
        return self if activation is None else Records(self.zoo, self.rows[names == activation])

    def signs(self) -> np.ndarray:
        """A mask of the rows whose activation is tanh."""
        return (self.zoo.metrics["config.activation"].iloc[self.rows] == "tanh").to_numpy()

    def labels(self, name: str) -> np.ndarray:
        """Accuracies.

        Raises:
            ValueError: if the zoo has no such column, or it holds percentages.
        """
        there = [label for label in LABELS if label in self.zoo.metrics]
        hint = f"set data.label to what there is ({', '.join(there) or 'no accuracy'})"
        labels = self.zoo.column(name, hint)[self.rows]
        if (outside := labels[(labels < 0) | (labels > 1)]).size:
            raise ValueError(
                f"{self.zoo.path}: {name} holds {outside[0]}, expected fractions from 0 to 1"
            )
        return labels

    def sparsities(self) -> np.ndarray:
        """Fractions of pruned weights, 0 in a zoo that is not pruned."""
        if "config.sparsity" not in self.zoo.metrics:
            return np.zeros(len(self))
        return self.zoo.column("config.sparsity")[self.rows]

    def families(self) -> np.ndarray:
        """Names of the training runs that networks stem from; of pruned ones, that of the base."""
        base = "config.base_modeldir"
        column = base if base in self.zoo.metrics else "modeldir"
        return self.zoo.metrics[column].iloc[self.rows].to_numpy(dtype=str)


def gather(parts: Sequence[Records], label: str) -> tuple[Networks, int]:
    """Read the networks of one or several zoos into memory, once.

    Args:
        parts: records of zoos of one layout.
        label: the column with the accuracies.

    Returns:
        The networks, without those that hold or are labelled by NaN or infinity, or that are too
        large for metanetworks (:func:`scalegmn.graph.check_range`); and how many these were.

    Raises:
        ValueError: if layouts differ, or nothing is left, or see :class:`Records`.
    """
    first = parts[0].zoo
    for part in parts:
        if part.zoo.layout != first.layout:
            raise ValueError(f"{part.zoo.path} holds other networks than {first.path}")
    net = small_cnn(first.layout, first.path / LAYOUT)
    label_of = torch.from_numpy(np.concatenate([part.labels(label) for part in parts])).float()
    rows = torch.empty(len(label_of), first.weights.shape[1])
    readable = label_of.isfinite() & _fill(rows, parts, columns(first.layout, net))
    names = np.concatenate([part.families() for part in parts])
    families = torch.from_numpy(np.unique(names, return_inverse=True)[1].astype(np.int64))
    networks = Networks(
        rows,
        {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()},
        sign=torch.from_numpy(np.concatenate([part.signs() for part in parts])),
        label=label_of,
        sparsity=torch.from_numpy(np.concatenate([p.sparsities() for p in parts])).float(),
        family=families,
    )
    readable &= _in_range(networks, net)
    kept = int(readable.sum())
    if kept < len(readable):
        if not kept:
            raise ValueError(
                f"{first.path}: all {len(readable)} networks hold NaN, infinity or too large values"
            )
        _compact(rows, readable)
        others = ("sign", "label", "sparsity", "family")
        left = {name: getattr(networks, name)[readable] for name in others}
        networks = replace(networks, rows=rows[:kept], **left)
    return networks, len(readable) - kept


def _fill(rows: Float32[Tensor, "n p"], parts: Sequence[Records], columns: Tensor) -> Tensor:
    """Write all weights into ``rows``; returns which rows are finite."""
    finite, done = torch.ones(len(rows), dtype=torch.bool), 0
    for part in parts:
        for _, weights in part.zoo.read(part.rows):
            block = slice(done, done + len(weights))
            torch.index_select(torch.from_numpy(weights), 1, columns, out=rows[block])
            finite[block] = rows[block].isfinite().all(1)
            done = block.stop
    return finite


def _in_range(networks: Networks, net: SmallCNN) -> Tensor:
    """Which networks a metanetwork can read, however many layers it has."""
    weights = next(p for p in net.parameters() if p.ndim == 4)
    graph = NetworkGraph.from_module(net, torch.zeros(1, weights.shape[1], 32, 32))
    rounds = len(graph.blocks)
    chunks = torch.arange(len(networks)).split(CHUNK)
    return torch.cat([in_range(graph, networks[some].parameters, rounds) for some in chunks])


def _compact(rows: Float32[Tensor, "n p"], keep: Tensor) -> None:
    """Move the rows to keep to the front, one by one: a copy would take as much memory again."""
    for to, source in enumerate(keep.nonzero().flatten().tolist()):
        if to != source:
            rows[to] = rows[source]
