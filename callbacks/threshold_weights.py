"""Set small weights to zero while a network is trained, for good."""

from collections.abc import Sequence
from typing import Any

from lightning import Callback, LightningModule, Trainer
from torch import Tensor
from torch.optim import Optimizer

from scalegmn.pruning import Mask, freeze_gradients, freeze_moments, magnitude


class ThresholdWeights(Callback):
    """Set weights below a threshold to exactly zero after every batch; they never come back.

    A penalty on magnitudes takes weights near zero, where the steps of an optimizer make them
    oscillate. Here they stop: gradients and moments of what has become zero are zero, too. The mask
    is part of the checkpoint. It follows from the weights, and so is the same on all ranks. ::

        threshold:
          _target_: callbacks.ThresholdWeights
          epsilon: 1e-4

    Args:
        epsilon: magnitudes below it become zero; one value, or one for each of ``sparsities``,
            which holds until that fraction of the entries is zero.
        sparsities: fractions, in any order; needed where there are several values.
        prune_biases: biases, too, and other tensors of one axis.
        net: the network's attribute path in the module; ``""`` is the module itself.

    Attributes:
        mask: what is not zero yet, on the module's device; ``None`` before the fit.

    Raises:
        ValueError: if a threshold is not above 0, or there is not one for each sparsity.
    """

    def __init__(
        self,
        epsilon: float | Sequence[float] = 1e-4,
        *,
        sparsities: float | Sequence[float] = (),
        prune_biases: bool = False,
        net: str = "net",
    ) -> None:
        self.mask: Mask | None = None
        self.epsilon = _by_sparsity(_several(epsilon), _several(sparsities))
        self.prune_biases = prune_biases
        self.net = net
        self._restored: Mask | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        magnitudes = self._magnitudes(pl_module)
        # What is zero already counts on the way to the next sparsity.
        nonzero = Mask({n: m != 0 for n, m in magnitudes.items()})
        self.mask = (self._restored or nonzero).to(pl_module.device)
        self._restored = None
        self._threshold(trainer, pl_module)

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        assert self.mask is not None
        freeze_gradients(pl_module.get_submodule(self.net), self.mask)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self._threshold(trainer, pl_module)

    def _threshold(self, trainer: Trainer, pl_module: LightningModule) -> None:
        assert self.mask is not None
        net, magnitudes = pl_module.get_submodule(self.net), self._magnitudes(pl_module)
        epsilon = self._current(self.mask)
        # What is not a number is not small.
        self.mask = Mask({n: k & ~(magnitudes[n] < epsilon) for n, k in self.mask.keep.items()})
        self.mask.apply_(net)
        for optimizer in trainer.optimizers:
            freeze_moments(optimizer, net, self.mask)

    def _current(self, mask: Mask) -> float:
        """The threshold on the way to the next sparsity; in the end, that of the last one."""
        (*_, last) = self.epsilon.values()
        if len(self.epsilon) == 1:
            return last
        reached = mask.sparsity
        return next((value for s, value in self.epsilon.items() if reached < s), last)

    def _magnitudes(self, pl_module: LightningModule) -> dict[str, Tensor]:
        net = pl_module.get_submodule(self.net)
        return magnitude(net, prune_biases=self.prune_biases)

    def state_dict(self) -> dict[str, Any]:
        return {} if self.mask is None else {"mask": self.mask.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._restored = Mask.from_state_dict(state_dict["mask"]) if state_dict else None


def _several(value: float | Sequence[float]) -> list[float]:
    return [value] if isinstance(value, int | float) else list(value)


def _by_sparsity(epsilon: list[float], sparsities: list[float]) -> dict[float, float]:
    for value in epsilon:
        if not value > 0:
            raise ValueError(f"epsilon must be above 0, got {value}")
    if len(epsilon) == 1:
        return {1.0: epsilon[0]}
    if len(epsilon) != len(sparsities):
        raise ValueError(
            f"epsilon={epsilon}: expected one value, or one for each sparsity of {sparsities}"
        )
    return dict(sorted(zip(sparsities, epsilon, strict=True)))
