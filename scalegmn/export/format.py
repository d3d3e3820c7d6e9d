"""The interface of export formats."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

Function = Callable[[Tensor], Tensor]
"""What a file computes: images ``[n, c, h, w]`` to logits ``[n, classes]``, for any ``n``."""

INPUT, OUTPUT = "images", "logits"


@runtime_checkable
class Format(Protocol):
    """A kind of file that a network can be exported to."""

    @property
    def name(self) -> str:
        """As the command line gives it."""

    @property
    def suffix(self) -> str:
        """Of the files."""

    def write(
        self, path: Path, net: nn.Module, example: Tensor, metadata: Mapping[str, str]
    ) -> None:
        """Write a network.

        Args:
            path: the file.
            net: in evaluation mode, on the CPU.
            example: a batch of at least two images: exporters take a batch of one for fixed.
            metadata: what the file says about itself.

        Raises:
            ValueError: if the format cannot express the network.
        """

    def read(self, path: Path, net: nn.Module) -> Function:
        """What a file of this format computes.

        Args:
            path: the file.
            net: the network that was written; formats that hold its code do without.
        """
