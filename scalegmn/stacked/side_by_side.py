"""Many networks as one wide network, whose channels are theirs."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, fx, nn
from torch.autograd.function import once_differentiable

# Layers that treat every channel by itself.
PER_CHANNEL: tuple[type[nn.Module], ...] = (
    *(nn.ELU, nn.GELU, nn.Hardtanh, nn.Identity, nn.LeakyReLU, nn.ReLU, nn.SiLU, nn.Sigmoid),
    *(nn.Softplus, nn.Tanh, nn.Dropout, nn.Dropout2d),
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.AvgPool2d, nn.MaxPool2d),
)


class SideBySide(fx.Interpreter):
    """Evaluates k networks of one architecture; an activation is ``[b, k * c, ...]``.

    Convolutions have one group for each network, so that layers of all other kinds run as they are.
    On a CPU, channels are the last axis in memory, which its grouped convolutions want.

    Args:
        net: any network of the architecture, made of layers that :func:`fits` knows.
    """

    def __init__(self, net: nn.Module) -> None:
        super().__init__(fx.symbolic_trace(net))
        calls = [node for node in self.graph.nodes if node.op == "call_module"]
        may_not = {node.target for node in calls if not self._may_overwrite(node)}
        # ReLUs that overwrite their inputs.
        self.overwriting = {node.target for node in calls} - may_not
        self.params: Mapping[str, Tensor] = {}
        self.k = 0

    def __call__(
        self, params: Mapping[str, Tensor], x: Float[Tensor, "b c h w"]
    ) -> Float[Tensor, "k b classes"]:
        """The logits of each network.

        Args:
            params: of all networks by name, ``[k, *shape]``.
            x: images that all networks see.
        """
        self.params, self.k = params, len(next(iter(params.values())))
        if x.dim() == 4 and not x.is_cuda:
            x = x.to(memory_format=torch.channels_last)
        logits = self.run(x)
        self.params = {}
        return logits.unflatten(1, (self.k, -1)).transpose(0, 1)

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
        if x.shape[1] != conv.in_channels:
            groups = self.k
        elif not (x.is_cuda or x.requires_grad) and _few_columns(conv, len(weight)):
            return _OfImages.apply(x, weight, bias, conv.stride, conv.padding)
        else:
            groups = 1  # The images that all networks share, or a single network.
        return F.conv2d(x, weight, bias, conv.stride, conv.padding, conv.dilation, groups)

    def _linear(self, linear: nn.Linear, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if x.shape[1] == linear.in_features:
            return F.linear(x, weight.flatten(0, 1), None if bias is None else bias.flatten())
        x, weight = x.unflatten(1, (self.k, -1)).transpose(0, 1), weight.transpose(1, 2)
        out = x @ weight if bias is None else torch.baddbmm(bias[:, None], x, weight)
        return out.transpose(0, 1).flatten(1)

    def _may_overwrite(self, node: fx.Node) -> bool:
        """Whether a layer is a ReLU of what nothing else reads, its own gradient included."""
        if type(self.fetch_attr(str(node.target))) is not nn.ReLU:
            return False
        (source,) = node.all_input_nodes
        return (
            source.op == "call_module"
            and isinstance(self.fetch_attr(str(source.target)), nn.Conv2d)
            and len(source.users) == 1
        )


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


def _few_columns(conv: nn.Conv2d, out_channels: int) -> bool:
    """Whether unfolded images are smaller than what the convolution makes of them."""
    columns = conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]
    return columns < out_channels and conv.dilation == (1, 1) and not isinstance(conv.padding, str)


class _OfImages(torch.autograd.Function):
    """A convolution of images, which need no gradient.

    That of the weights is one product of matrices: with few input channels, oneDNN's takes three
    times as long.
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Float[Tensor, "b c h w"],
        weight: Float[Tensor, "o c p q"],
        bias: Float[Tensor, " o"] | None,
        stride: tuple[int, int],
        padding: tuple[int, int],
    ) -> Float[Tensor, "b o h2 w2"]:
        ctx.save_for_backward(x)
        ctx.shape, ctx.stride, ctx.padding = weight.shape, stride, padding
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        (x,) = ctx.saved_tensors
        (top, left), (down, right), (*_, p, q) = ctx.padding, ctx.stride, ctx.shape
        x = F.pad(x, (left, left, top, top))
        patches = x.unfold(2, p, down).unfold(3, q, right).permute(0, 2, 3, 1, 4, 5)
        grad = grads[0].permute(0, 2, 3, 1).flatten(0, 2)
        weight = (grad.t() @ patches.flatten(3).flatten(0, 2)).view(ctx.shape)
        return None, weight, grad.sum(0) if ctx.needs_input_grad[2] else None, None, None
