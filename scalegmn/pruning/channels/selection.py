"""Turn scores of weights into a mask of whole channels."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from scalegmn.arguments import check_whole
from scalegmn.graph import NetworkGraph, indices
from scalegmn.graph.fold import has_batch_norm
from scalegmn.pruning.channels.budget import Budget
from scalegmn.pruning.channels.norms import ChannelNorm
from scalegmn.pruning.channels.ranking import Ranking, by_relative_norm
from scalegmn.pruning.mask import Mask


@dataclass(frozen=True)
class ChannelSelection:
    """Prune the channels that rank lowest until a fraction of the budget is pruned.

    Of equal ranks those are pruned that come first. A channel that is pruned takes all weights into
    and out of it along; channels that are added, convolved depthwise or gated go together, and
    those whose number the module's code fixes stay.

    Args:
        norm: of each channel, made of the scores of its weights.
        budget: what sparsity is a fraction of.
        rank: puts the channels in order by their norms.
        min_channels: that each group keeps at least.
        multiple_of: groups lose channels only in such numbers that a multiple of it is left.
            Kernels work in blocks of channels: 9 of them take as long as 16.

    Raises:
        ValueError: if ``min_channels`` or ``multiple_of`` is below 1.
    """

    norm: ChannelNorm
    budget: Budget
    rank: Ranking = by_relative_norm
    min_channels: int = 1
    multiple_of: int = 1

    def __post_init__(self) -> None:
        check_whole("sparsity_kind.min_channels", self.min_channels)
        check_whole("sparsity_kind.multiple_of", self.multiple_of)

    def masks(
        self,
        net: nn.Module,
        scores: Mapping[str, Tensor],
        example_input: Tensor,
        sparsities: Sequence[float],
    ) -> list[Mask]:
        """A mask of the scored weights for each sparsity; sparser ones prune what others do.

        Args:
            net: the network, without batch normalisation, on the CPU.
            scores: of its weights by name, such as their magnitudes in a balanced gauge.
            example_input: a batch of inputs, for the shapes.
            sparsities: at least these fractions of the budget are pruned, by the fewest blocks of
                channels.

        Raises:
            ValueError: if the network has batch normalisation, its graph cannot be read, or the
                least channels of all groups are more than a sparsity leaves.
        """
        if has_batch_norm(net):
            raise ValueError(
                "channels are pruned without batch normalisation: fold it (fold_batch_norm=true)"
            )
        graph = NetworkGraph.from_module(net, example_input)
        left_over = self.budget(net, graph, example_input)
        norms = self.norm(graph, {name: score.double().cpu() for name, score in scores.items()})
        order = self.rank(graph, norms, left_over, min_channels=self.min_channels)
        return [
            _mask(graph, self._kept(graph, order, left_over, sparsity), scores)
            for sparsity in sparsities
        ]

    def _kept(
        self,
        graph: NetworkGraph,
        order: Sequence[tuple[int, int]],
        left_over: Callable[[Sequence[int]], int],
        sparsity: float,
    ) -> list[Bool[Tensor, " _n"]]:
        """The nodes of each group that stay when channels go in this order."""
        kept = [torch.ones(group.size, dtype=torch.bool) for group in graph.groups]
        left = [group.size for group in graph.groups]
        whole = left_over(left)
        for k, nodes in self._blocks(graph, order):
            if left_over(left) <= whole * (1 - sparsity):
                return kept
            for member in _members(graph, k):
                kept[member][nodes] = False
                left[member] -= len(nodes)
        if left_over(left) > whole * (1 - sparsity):
            most = 1 - left_over(left) / whole
            raise ValueError(
                f"sparsity {sparsity}: at most {most:.3g} can be pruned with "
                f"{self._least()} channels in each layer"
            )
        return kept

    def _blocks(
        self, graph: NetworkGraph, order: Sequence[tuple[int, int]]
    ) -> Iterator[tuple[int, list[int]]]:
        """The channels of each group that go together, when the last of them is due."""
        waiting: dict[int, list[int]] = defaultdict(list)
        left = [group.size for group in graph.groups]
        for k, node in order:
            waiting[k].append(node)
            if (left[k] - len(waiting[k])) % self.multiple_of == 0:
                nodes = waiting.pop(k)
                left[k] -= len(nodes)
                yield k, nodes

    def _least(self) -> str:
        some = "" if self.multiple_of == 1 else f", a multiple of {self.multiple_of},"
        return f"{self.min_channels} or more{some}"


def _members(graph: NetworkGraph, leader: int) -> list[int]:
    """The groups whose channels go together with those of one."""
    return [k for k, own in enumerate(indices.leaders(graph.groups)) if own == leader]


def _mask(
    graph: NetworkGraph, kept: Sequence[Bool[Tensor, " _n"]], scores: Mapping[str, Tensor]
) -> Mask:
    edges = []
    for block in graph.blocks:
        keep = block.at_edges(kept[block.target].double(), kept[block.source].double()) > 0
        edges.append(keep[:, None].expand(-1, block.edge_dim))
    weights = graph.weights(edges)
    weights |= {g.bias: kept[k] for k, g in enumerate(graph.groups) if g.bias is not None}
    return Mask({name: weights[name].to(score.device) for name, score in scores.items()})
