"""Train a metanetwork to score the weights of one network, through gates."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lightning_modules.operator_training import OperatorTraining
from lightning_modules.ramp import Ramp
from lightning_modules.schedule import OptimizerFactory, Schedule
from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph
from scalegmn.pruning import Gates


class MaskPruner(OperatorTraining):
    r"""Learn scores :math:`s = f_\varphi(G, \theta)` of the weights that open and close gates z.

    .. math::
        \min_\varphi \; \lambda\, \mathbb{E}_z \lVert z \rVert_0
        + \mathbb{E}_z\, \mathrm{CE}(u_{G, \theta \odot z}(x), y), \qquad z \sim q(z \mid s)

    The network u with its graph G and parameters θ is frozen, and so are its biases, which have no
    gates; only the metanetwork's φ is trained. Dropout inside u is active in training only.
    Validation sees the gates without noise.

    Args:
        target: the dense network u; batch normalisation is folded.
        operator: makes, for a graph, a module that maps ``(graph, θ)`` to the scores of weights.
        gates: the distribution q of the gates, given scores.
        image_shape: channels, height and width of the images.
        l0_weight: λ, per gate that is expected to be open; 0 for gates that fix their number.
        seed: of the gates, which are the same on every process.
        optimizer: makes an optimizer for φ.
        scheduler: how its learning rate changes; ``None`` for not at all.
        ramp: how λ grows in training; ``None`` for the full λ from the start.
        batches_per_operator_step: how many batches of images share one pass through the operator
            and one draw of the gates, and one step of the optimizer, on the mean of their losses.
        compile: arguments of ``torch.compile`` for the operator; ``None`` to run it as it is.

    Raises:
        ValueError: if the graph cannot express a layer of the target, no batch makes a step, or λ
            is negative.
    """

    def __init__(
        self,
        target: nn.Module,
        *,
        operator: Callable[[NetworkGraph], nn.Module],
        gates: Gates,
        image_shape: Sequence[int],
        l0_weight: float,
        seed: int,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        ramp: Ramp | None = None,
        batches_per_operator_step: int = 1,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        check_number("model.l0_weight", l0_weight, least=0)
        super().__init__(
            target,
            operator=operator,
            image_shape=image_shape,
            penalty="l0",
            weight=l0_weight,
            optimizer=optimizer,
            scheduler=scheduler,
            ramp=ramp,
            batches_per_operator_step=batches_per_operator_step,
            compile=compile,
        )
        self.gates = gates
        self.seed = seed

    def scores(self) -> dict[str, Tensor]:
        """The scores of the weights by name, detached."""
        with torch.no_grad(), torch.autocast(self.device.type, enabled=False):
            scores = self.operator(self.graph, dict(self.target.named_parameters()))
        return {name: score.detach() for name, score in scores.items()}

    def rewrite(self, *, training: bool) -> tuple[dict[str, Tensor], Float[Tensor, ""]]:
        theta = dict(self.target.named_parameters())
        scores = self.operator(self.graph, theta)
        gates = (
            self.gates.sample(scores, self._generator()) if training else self.gates.fixed(scores)
        )
        gated = {name: theta[name] * gate for name, gate in gates.items()}
        return theta | gated, self.gates.expected_open(scores)

    def _generator(self) -> torch.Generator:
        """A generator for this step: alike on all processes, and after a resumption."""
        mixed = np.random.SeedSequence([self.seed, self.global_step]).generate_state(1)[0]
        return torch.Generator().manual_seed(int(mixed))
