"""Masks: the entries of a network that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from scalegmn.pruning.weights import is_weight


@dataclass(frozen=True, eq=False)
class Mask:
    """For some of a network's parameters, which entries are kept; the others are exactly zero.

    Args:
        keep: boolean tensors in the parameters' shapes by parameter name; True is kept.
            Parameters without an entry are left alone.

    Raises:
        ValueError: if a tensor is not boolean; on use, if a parameter is missing or has another
            shape.
    """

    keep: dict[str, Tensor]

    def __post_init__(self) -> None:
        for name, keep in self.keep.items():
            if keep.dtype != torch.bool:
                raise ValueError(f"the mask of {name} must be boolean, not {keep.dtype}")

    @classmethod
    def of_zeros(cls, module: nn.Module) -> "Mask":
        """The mask that prunes what is exactly zero among the module's weights.

        See :func:`~scalegmn.pruning.weights.is_weight`; other parameters are left alone.
        """
        params = module.named_parameters()
        return cls({name: p.detach() != 0 for name, p in params if is_weight(p)})

    @property
    def sparsity(self) -> float:
        """The fraction of masked entries that are pruned."""
        total = sum(keep.numel() for keep in self.keep.values())
        pruned = sum(int((~keep).sum()) for keep in self.keep.values())
        return pruned / total if total else 0.0

    def check(self, module: nn.Module) -> None:
        """Raise a ValueError if the mask does not fit the module's parameters."""
        self._check(dict(module.named_parameters()))

    def apply(self, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The parameters with pruned entries zero, differentiable in the others."""
        self._check(params)
        # A product would turn a pruned NaN or infinity into NaN.
        masked = {name: params[name].masked_fill(~keep, 0) for name, keep in self.keep.items()}
        return {**params, **masked}

    @torch.no_grad()
    def apply_(self, module: nn.Module) -> None:
        """Set the pruned entries of the module's parameters to zero."""
        params = dict(module.named_parameters())
        self._check(params)
        for name, keep in self.keep.items():
            params[name].masked_fill_(~keep, 0)

    def shuffled(self, generator: torch.Generator | None = None) -> "Mask":
        """A mask that keeps as many entries of each tensor, at random places.

        Args:
            generator: a generator of the CPU, so that every device gets the same mask.
        """

        def shuffle(keep: Tensor) -> Tensor:
            order = torch.randperm(keep.numel(), generator=generator)
            return keep.flatten()[order.to(keep.device)].view(keep.shape)

        return Mask({name: shuffle(keep) for name, keep in self.keep.items()})

    def to(self, device: torch.device | str) -> "Mask":
        return Mask({name: keep.to(device) for name, keep in self.keep.items()})

    def state_dict(self) -> dict[str, Tensor]:
        return dict(self.keep)

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Tensor]) -> "Mask":
        return cls(dict(state))

    def _check(self, params: Mapping[str, Tensor]) -> None:
        for name, keep in self.keep.items():
            if name not in params:
                raise ValueError(f"the mask covers {name}, which the network does not have")
            if params[name].shape != keep.shape:
                shapes = f"{tuple(keep.shape)}, the parameter {tuple(params[name].shape)}"
                raise ValueError(f"the mask of {name} has shape {shapes}")
