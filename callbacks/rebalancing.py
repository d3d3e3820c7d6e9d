"""Rescale the hidden units of a network while it is trained, so that its L1 norm is least."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer

from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.symmetry import PermScale


class Rebalancing(Callback):
    r"""Give hidden units the scales at which :math:`\lVert \theta \rVert_1` is least.

    A network with positive scale symmetry (ReLU) computes the same after it, so that a penalty on
    magnitudes does not pull at scales that mean nothing. The optimizer's state follows: where a
    parameter is multiplied by q, gradients are divided by it, and so are first moments; second
    moments are divided by its square. State that no optimizer of PyTorch has is left alone. This
    happens before the first step and after every so many::

        rebalancing:
          _target_: callbacks.Rebalancing
          image_shape: [1, 32, 32]
          every_n_steps: 1000

    Args:
        image_shape: of an input, without the batch.
        every_n_steps: optimizer steps between two times.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Raises:
        ValueError: if a number is below 1; when a fit starts, if the graph cannot express a layer
            of the network.
    """

    def __init__(
        self, image_shape: Sequence[int], *, every_n_steps: int = 1000, net: str = "net"
    ) -> None:
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps must be at least 1, got {every_n_steps}")
        self.image_shape = tuple(image_shape)
        self.every_n_steps = every_n_steps
        self.net = net
        self._graph: NetworkGraph | None = None

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        net = deepcopy(pl_module.get_submodule(self.net)).cpu()
        self._graph = NetworkGraph.from_module(net, torch.zeros(1, *self.image_shape))

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        # Nothing is kept in checkpoints: a resumed fit does it at the same steps.
        if trainer.global_step % self.every_n_steps == 0:
            self._rebalance(pl_module.get_submodule(self.net), trainer.optimizers)

    @torch.no_grad()
    def _rebalance(self, net: nn.Module, optimizers: Sequence[Optimizer]) -> None:
        assert self._graph is not None
        params = dict(net.named_parameters())
        on_cpu = {name: p.detach().cpu().double() for name, p in params.items()}
        scaling = balancing(self._graph, on_cpu, order=1)
        for name, factor in factors(scaling, on_cpu).items():
            parameter = params[name]
            factor = factor.to(parameter)
            parameter.mul_(factor)
            for optimizer in optimizers:
                _rescale_moments(optimizer, parameter, factor)


def factors(scaling: PermScale, params: dict[str, Tensor]) -> dict[str, Tensor]:
    """What a scaling multiplies each parameter by, in the parameters' shapes."""
    return scaling.on_parameters({name: torch.ones_like(p) for name, p in params.items()})


def _rescale_moments(optimizer: Optimizer, parameter: Tensor, factor: Tensor) -> None:
    for name, value in optimizer.state.get(parameter, {}).items():
        if isinstance(value, Tensor) and value.shape == parameter.shape and name in POWERS:
            value.mul_(factor.pow(POWERS[name]))


# The power of q that an entry of an optimizer's state is multiplied by, as it is made of gradients,
# of their squares, or of changes of the parameter.
POWERS = {
    **dict.fromkeys(("exp_avg", "momentum_buffer", "grad_avg", "exp_inf", "prev"), -1),
    **dict.fromkeys(("exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum"), -2),
    **{"step_size": 1, "ax": 1, "acc_delta": 2},
}
