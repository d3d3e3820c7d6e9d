"""Configs of readers: modules that map a network to numbers."""

from abc import ABC, abstractmethod

from torch import nn

from scalegmn.graph import NetworkGraph


class ReaderConfig(ABC):
    """All choices of a reader, as a frozen dataclass that can be written to a file.

    A reader is a module that maps ``(graph, parameters, sign)`` to one or several numbers per
    network, as :class:`~scalegmn.metanetwork.Functional` does.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the reader in tables."""

    @abstractmethod
    def build(self, graph: NetworkGraph, d_out: int = 1) -> nn.Module:
        """A reader of networks like those of a graph, with ``d_out`` numbers as its result."""

    @abstractmethod
    def reads(self, graph: NetworkGraph) -> str:
        """The properties of a graph that a reader built for it needs to find in every network."""

    def least_parameters(self, graph: NetworkGraph) -> int:
        """A lower bound of the reader's number of parameters, for files that are not trusted."""
        return 0

    def admits(self, sign: bool) -> bool:
        """True if it reads networks with a sign symmetry (tanh), or with positive scales (ReLU).

        Args:
            sign: of the networks: tanh, else ReLU.
        """
        return True

    @property
    def reads_activations(self) -> bool:
        """True if it reads equal parameters differently for ReLU and for tanh."""
        return False
