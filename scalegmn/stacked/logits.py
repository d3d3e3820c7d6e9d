"""The logits of many networks of one architecture for the same images."""

from collections.abc import Mapping
from copy import deepcopy
from threading import Lock

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call, vmap

from scalegmn.stacked.side_by_side import SideBySide, fits


class StackedLogits:
    """Evaluates networks that differ in their parameters only.

    As one wide network where its layers allow that, else with ``vmap``, which moves axes about.
    Several threads may call it.

    Args:
        net: any network of the architecture; it is not changed.
    """

    def __init__(self, net: nn.Module) -> None:
        # In evaluation, which differs from training in no layer that can be stacked.
        self.net = deepcopy(net).eval().requires_grad_(False)
        self.shapes = {name: p.shape for name, p in self.net.named_parameters()}
        self.side_by_side = SideBySide(self.net) if fits(self.net) else None
        self.lent = Lock()

    def __call__(
        self, rows: Float[Tensor, "k p"], x: Float[Tensor, "b c h w"]
    ) -> Float[Tensor, "k b classes"]:
        """The logits of each network.

        Args:
            rows: the parameters of each network, one after the other.
            x: images that all networks see.
        """
        params = self.split(rows)
        if self.side_by_side is not None:
            return self.side_by_side(params, x)
        with self.lent:  # functional_call puts the parameters into the module.
            return vmap(lambda own: functional_call(self.net, own, (x,)))(params)

    def split(self, rows: Float[Tensor, "*k p"]) -> dict[str, Tensor]:
        """Views of the parameters by name, ``[*k, *shape]``."""
        parts = rows.split([shape.numel() for shape in self.shapes.values()], dim=-1)
        return {
            name: part.unflatten(-1, shape)
            for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def row(self, params: Mapping[str, Tensor]) -> Float[Tensor, " p"]:
        """One network's parameters, one after the other."""
        return torch.cat([params[name].detach().flatten() for name in self.shapes])


def check_stackable(net: nn.Module, x: Float[Tensor, "b c h w"]) -> None:
    """Check that networks of an architecture can be trained as a stack.

    Args:
        net: any network of it.
        x: a batch of images, not constant.

    Raises:
        ValueError: naming the layer that cannot, such as dropout or batch normalisation.
    """
    for name, module in net.named_modules():
        if next(module.buffers(recurse=False), None) is not None or _drops(module):
            raise ValueError(f"{type(module).__name__} ({name or 'the network'}) cannot be stacked")
    logits = StackedLogits(net)
    row = logits.row(dict(net.named_parameters()))
    trained = deepcopy(net).train()
    with torch.no_grad(), torch.random.fork_rng():
        try:
            found = logits(torch.stack([row, row]), x)
        except (RuntimeError, NotImplementedError, TypeError) as error:
            raise ValueError(f"{type(net).__name__} cannot be stacked: {error}") from error
        if not torch.equal(trained(x), trained.eval()(x)):
            raise ValueError(
                f"{type(net).__name__} computes something else in training than in evaluation"
            )
        if not torch.allclose(found[1], net(x), rtol=1e-3, atol=1e-4):
            raise ValueError(f"{type(net).__name__} computes something else in a stack")


def _drops(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0
