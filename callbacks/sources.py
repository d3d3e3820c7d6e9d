"""Which network a pruning callback starts from."""

from collections.abc import Callable
from copy import deepcopy

import torch
from lightning import LightningModule, Trainer
from torch import nn

from callbacks.protocols import offering_target
from pipelines.best_weights import load_best

Source = Callable[[Trainer, LightningModule], nn.Module]


@torch.no_grad()
def rewritten_target(trainer: Trainer, pl_module: LightningModule) -> nn.Module:
    """A copy of the target with the parameters that the module offers, from its best epoch."""
    load_best(trainer, pl_module)
    net = dense_target(trainer, pl_module)
    offered = offering_target(pl_module).target_parameters()
    net.load_state_dict({**net.state_dict(), **offered})
    return net


def dense_target(trainer: Trainer, pl_module: LightningModule) -> nn.Module:
    """A copy of the target as it came."""
    offers = offering_target(pl_module)
    return deepcopy(offers.target).requires_grad_(True)
