"""Configs of editors: modules that map the parameters of INRs to new ones."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import torch
from torch import Tensor, nn

from scalegmn.arguments import check_number, check_whole
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Operator
from scalegmn.nn import Architecture, Permutation
from scalegmn.predictor.description import register
from scalegmn.predictor.feed_forward import flat_parameters, parameter_names


class EditorConfig(ABC):
    """All choices of an editor, as a frozen dataclass that can be written to a file.

    An editor maps ``(graph, parameters)`` to parameters of the same names and shapes, as
    :class:`~scalegmn.metanetwork.Operator` does.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the editor in tables."""

    @abstractmethod
    def build(self, graph: NetworkGraph) -> nn.Module:
        """An editor of networks of a graph."""

    @abstractmethod
    def least_parameters(self, graph: NetworkGraph) -> int:
        """A lower bound of the editor's number of parameters, for files that are not trusted."""


@register
@dataclass(frozen=True)
class MetanetworkEditor(EditorConfig):
    """A ScaleGMN as operator or, with the symmetry of permutations only, a plain GMN.

    Attributes:
        arch: the metanetwork's own architecture.
        out_scale: see :class:`~scalegmn.metanetwork.Operator`; 0.01 is published.
        heads: see :class:`~scalegmn.metanetwork.Operator`; 1 is published.

    Raises:
        ValueError: if a number is not above 0.
    """

    arch: Architecture = field(default_factory=Architecture)
    out_scale: float = 0.01
    heads: int = 1

    def __post_init__(self) -> None:
        check_whole("architecture.d", self.arch.d)
        check_whole("architecture.num_layers", self.arch.num_layers)
        check_number("model.operator.out_scale", self.out_scale, above=0)
        check_whole("model.operator.heads", self.heads)

    @property
    def name(self) -> str:
        kind, direction = self.arch.kind, type(self.arch.direction).__name__.lower()
        heads = "" if self.heads == 1 else f", {self.heads} heads"
        if isinstance(kind, Permutation):
            return f"GMN, {direction}{heads}"
        return f"ScaleGMN ({type(kind).__name__.lower()}), {direction}{heads}"

    def build(self, graph: NetworkGraph) -> Operator:
        return Operator(graph, self.arch, out_scale=self.out_scale, heads=self.heads)

    def least_parameters(self, graph: NetworkGraph) -> int:
        return max(self.arch.num_layers * self.arch.d**2, self.heads * self.arch.d)


@register
@dataclass(frozen=True)
class RawEditor(EditorConfig):
    r"""An MLP of all parameters in one vector: no symmetry at all.

    .. math:: \theta' = \theta + \sigma \, \mathrm{MLP}(\theta)

    Attributes:
        d: width of the hidden layers.
        num_layers: number of hidden layers.
        out_scale: initial value of the learned factor σ.

    Raises:
        ValueError: if a number is not above 0.
    """

    d: int = 512
    num_layers: int = 2
    out_scale: float = 0.01

    def __post_init__(self) -> None:
        check_whole("model.operator.d", self.d)
        check_whole("model.operator.num_layers", self.num_layers)
        check_number("model.operator.out_scale", self.out_scale, above=0)

    @property
    def name(self) -> str:
        return "MLP"

    def build(self, graph: NetworkGraph) -> "RawMLPOperator":
        return RawMLPOperator(graph, self)

    def least_parameters(self, graph: NetworkGraph) -> int:
        return 2 * _count(graph) * self.d + (self.num_layers - 1) * self.d**2


class RawMLPOperator(nn.Module):
    """The editor of a :class:`RawEditor`.

    Args:
        graph: of the networks that are edited.
        config: the sizes.
    """

    def __init__(self, graph: NetworkGraph, config: RawEditor) -> None:
        super().__init__()
        n = _count(graph)
        widths = [n, *[config.d] * config.num_layers]
        layers: list[nn.Module] = []
        for d_in, d_out in pairwise(widths):
            layers += [nn.Linear(d_in, d_out), nn.ReLU()]
        self.mlp = nn.Sequential(*layers, nn.Linear(config.d, n))
        self.out_scale = nn.Parameter(torch.tensor(config.out_scale))

    def forward(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The new parameters of one network or, with a leading axis, of a batch."""
        flat = flat_parameters(graph, params)
        change = self.out_scale * self.mlp(torch.cat(flat, dim=-1))
        parts = change.split([part.shape[-1] for part in flat], dim=-1)
        names = parameter_names(graph)
        return {n: params[n] + d.view_as(params[n]) for n, d in zip(names, parts, strict=True)}


def _count(graph: NetworkGraph) -> int:
    """Parameters of a network."""
    biases = sum(group.size for group in graph.groups if group.bias is not None)
    return biases + sum(block.num_edges * block.edge_dim for block in graph.blocks)
