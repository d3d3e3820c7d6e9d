"""Files of weights, which are read back into a network of ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn
from torch.func import functional_call

from scalegmn.export.format import Function
from scalegmn.formats import load_state, save_network, save_sparse


@dataclass(frozen=True)
class Safetensors:
    """All weights, zeros included, as safetensors."""

    name = "safetensors"
    suffix = ".safetensors"

    def write(
        self, path: Path, net: nn.Module, example: Tensor, metadata: Mapping[str, str]
    ) -> None:
        save_network(path, net.state_dict(), metadata)

    def read(self, path: Path, net: nn.Module) -> Function:
        return _function(path, net)


@dataclass(frozen=True)
class Sparse:
    """The weights that are not zero, compressed (:mod:`scalegmn.formats.sparse`)."""

    name = "sparse"
    suffix = ".sparse"

    def write(
        self, path: Path, net: nn.Module, example: Tensor, metadata: Mapping[str, str]
    ) -> None:
        save_sparse(path, net.state_dict(), metadata)

    def read(self, path: Path, net: nn.Module) -> Function:
        return _function(path, net)


def _function(path: Path, net: nn.Module) -> Function:
    state = load_state(path, net)
    # The state has all names of a tied tensor.
    return lambda images: functional_call(net, state, images, tie_weights=False)
