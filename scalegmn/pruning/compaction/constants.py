"""What constant channels add to the layers that read them."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from scalegmn.graph import EdgeBlock
from scalegmn.graph.fold import LAYERS

# Of the largest entry: what rounding may make of equal entries of a map.
TOLERANCE = 1e-12


@dataclass(frozen=True)
class LayerInputs:
    """What each layer reads in one forward pass.

    Attributes:
        layers: by the name of their weight.
        inputs: of the first item of the batch, with a batch axis.
    """

    layers: dict[str, nn.Module]
    inputs: dict[str, Tensor]

    @classmethod
    def of(cls, net: nn.Module, x: Tensor) -> "LayerInputs":
        """Record a forward pass."""
        layers = {f"{n}.weight": m for n, m in net.named_modules() if type(m) in LAYERS}
        inputs: dict[str, Tensor] = {}
        handles = []
        for name, layer in layers.items():

            def keep(
                module: nn.Module,
                args: tuple[Tensor, ...],
                kwargs: dict[str, Tensor],
                name: str = name,
            ) -> None:
                (read,) = args or kwargs.values()
                inputs[name] = read[:1].clone()

            handles.append(layer.register_forward_pre_hook(keep, with_kwargs=True))
        try:
            net(x)
        finally:
            for handle in handles:
                handle.remove()
        return cls(layers, inputs)

    def shift(
        self, block: EdgeBlock, source: int, targets: Int[Tensor, " n"]
    ) -> Float[Tensor, " n"] | None:
        """What a constant channel adds to the outputs of a layer; None if that is no constant.

        Args:
            block: of a layer that reads the channel.
            source: the channel, counted within its group.
            targets: the outputs that are asked for, counted within theirs.
        """
        layer = self.layers.get(block.weight)
        if layer is None or block.weight not in self.inputs:
            return None  # a function call, which has no bias that could be made
        count = block.shape[1] // block.n_in
        columns = torch.arange(count) + block.column + source * count
        x, every = self.inputs[block.weight], layer.get_parameter("weight")
        weight = every[targets + block.row][:, columns]
        if isinstance(layer, nn.Linear):
            made = F.linear(x[..., columns], weight).movedim(-1, 0)
        else:
            assert isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Conv3d)
            made = layer._conv_forward(x[:, columns], weight, None).movedim(1, 0)
        made = made.reshape(len(targets), -1)
        if (made - made[:, :1]).abs().max() > TOLERANCE * made.abs().max():
            return None
        return made[:, 0]
