"""Many networks as one wide network, whose channels are theirs."""

from collections.abc import Collection, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, fx, nn

# Layers that treat every channel by itself.
PER_CHANNEL: tuple[type[nn.Module], ...] = (
    *(nn.ELU, nn.GELU, nn.Hardtanh, nn.Identity, nn.LeakyReLU, nn.ReLU, nn.SiLU, nn.Sigmoid),
    *(nn.Softplus, nn.Tanh, nn.Dropout, nn.Dropout2d),
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.AvgPool2d, nn.MaxPool2d),
)


class SideBySide:
    """Evaluates k networks of one architecture; an activation is ``[b, k * c, ...]``.

    Convolutions have one group for each network, so that layers of all other kinds run as they are.
    On a CPU, channels are the last axis in memory, which its grouped convolutions want. Several
    threads may call it.

    Args:
        net: any network of the architecture, made of layers that :func:`fits` knows.
    """

    def __init__(self, net: nn.Module) -> None:
        self.traced = fx.symbolic_trace(net)
        calls = [node for node in self.traced.graph.nodes if node.op == "call_module"]
        may_not = {node.target for node in calls if not self._may_overwrite(node)}
        # ReLUs that overwrite their inputs.
        self.overwriting = {node.target for node in calls} - may_not

    def __call__(
        self, params: Mapping[str, Tensor], x: Float[Tensor, "b c h w"]
    ) -> Float[Tensor, "k b classes"]:
        """The logits of each network.

        Args:
            params: of all networks by name, ``[k, *shape]``.
            x: images that all networks see.
        """
        k = len(next(iter(params.values())))
        if x.dim() == 4 and not x.is_cuda:
            x = x.to(memory_format=torch.channels_last)
        logits = _Pass(self.traced, params, k, self.overwriting).run(x)
        return logits.unflatten(1, (k, -1)).transpose(0, 1)

    def _may_overwrite(self, node: fx.Node) -> bool:
        """Whether a layer is a ReLU of what nothing else reads, its own gradient included."""
        if type(self.traced.get_submodule(str(node.target))) is not nn.ReLU:
            return False
        (source,) = node.all_input_nodes
        return (
            source.op == "call_module"
            and isinstance(self.traced.get_submodule(str(source.target)), nn.Conv2d)
            and len(source.users) == 1
        )


class _Pass(fx.Interpreter):
    """One evaluation."""

    def __init__(
        self,
        traced: fx.GraphModule,
        params: Mapping[str, Tensor],
        k: int,
        overwriting: Collection[Any],
    ) -> None:
        super().__init__(traced)
        self.params = params
        self.k = k
        self.overwriting = overwriting

    def call_module(self, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        module = self.fetch_attr(target)
        (x,) = args
        if target in self.overwriting:
            return x.relu_()
        if not isinstance(module, nn.Conv2d | nn.Linear):
            return module(x)
        weight, bias = self.params[f"{target}.weight"], self.params.get(f"{target}.bias")
        if isinstance(module, nn.Conv2d):
            return self._convolution(module, x, weight, bias)
        return self._linear(module, x, weight, bias)

    def _convolution(
        self, conv: nn.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        weight, bias = weight.flatten(0, 1), None if bias is None else bias.flatten()
        # One group: the images that all networks share, or a single network.
        groups = 1 if x.shape[1] == conv.in_channels else self.k
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, groups)

    def _linear(self, linear: nn.Linear, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if x.shape[1] == linear.in_features:
            return F.linear(x, weight.flatten(0, 1), None if bias is None else bias.flatten())
        x, weight = x.unflatten(1, (self.k, -1)).transpose(0, 1), weight.transpose(1, 2)
        out = x @ weight if bias is None else torch.baddbmm(bias[:, None], x, weight)
        return out.transpose(0, 1).flatten(1)


def fits(net: nn.Module) -> bool:
    """Whether a network is made of layers that :class:`SideBySide` can run."""
    try:
        nodes = list(fx.symbolic_trace(net).graph.nodes)
    except Exception:  # Whatever a forward does with a proxy.
        return False
    known = {"placeholder", "output"}
    layers = [net.get_submodule(str(n.target)) for n in nodes if n.op == "call_module"]
    return all(n.op in known or n.op == "call_module" for n in nodes) and all(map(_known, layers))


def _known(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d):
        return layer.groups == 1 and layer.padding_mode == "zeros"
    if isinstance(layer, nn.Flatten):
        return layer.start_dim == 1 and layer.end_dim == -1
    return isinstance(layer, (nn.Linear, *PER_CHANNEL))
