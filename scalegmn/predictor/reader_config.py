"""How a reader of networks is made."""

from abc import ABC, abstractmethod

from torch import nn

from scalegmn.graph import NetworkGraph


class ReaderConfig(ABC):
    """All choices of a reader, as a frozen dataclass that can be written to a file.

    A reader is a module that maps ``(graph, parameters, sign)`` to one number per network, as
    :class:`~scalegmn.metanetwork.Functional` does.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What tables call it."""

    @abstractmethod
    def build(self, graph: NetworkGraph) -> nn.Module:
        """A reader of networks like those of a graph."""

    @abstractmethod
    def reads(self, graph: NetworkGraph) -> str:
        """What a reader that was built for the graph needs to find in every network."""

    def admits(self, sign: bool) -> bool:
        """Whether it reads networks whose hidden units may change their sign (tanh), or not."""
        return True

    @property
    def reads_activations(self) -> bool:
        """Whether it reads the same parameters differently in networks of both kinds."""
        return False
