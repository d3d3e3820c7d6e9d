"""Train a metanetwork to rewrite one network into one that can be pruned."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from lightning_modules.operator_training import OperatorTraining
from lightning_modules.ramp import Ramp
from lightning_modules.schedule import OptimizerFactory, Schedule
from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph
from scalegmn.pruning import l1
from scalegmn.pruning.channels import l1_and_groups


class EquivariantPruner(OperatorTraining):
    r"""Learn :math:`\theta' = \theta + f_\varphi(G, \theta)`, sparse and as good as θ.

    .. math:: \min_\varphi \; \lambda \lVert \theta' \rVert_1 + \mathrm{CE}(u_{G, \theta'}(x), y)

    The network u with its graph G and parameters θ is frozen; only the operator's φ is trained.
    Dropout inside u is active in training only.

    Args:
        target: the dense network u; batch normalisation is folded.
        operator: makes, for a graph, a module that maps ``(graph, θ)`` to θ'.
        image_shape: channels, height and width of the images.
        l1_weight: λ, per unit of the sum (not the mean) of magnitudes.
        group_weight: μ, of the norms of whole channels beside single magnitudes: the penalty is
            λ (‖θ'‖₁ + μ Σ‖channel‖₂), see :func:`~scalegmn.pruning.channels.group_lasso`.
        optimizer: makes an optimizer for φ.
        scheduler: how its learning rate changes; ``None`` for not at all.
        ramp: how λ grows in training; ``None`` for the full λ from the start.
        batches_per_operator_step: how many batches of images share one pass through the operator,
            and one step of the optimizer, on the mean of their losses.
        compile: arguments of ``torch.compile`` for the operator; ``None`` to run it as it is.

    Raises:
        ValueError: if the graph cannot express a layer of the target, or no batch makes a step; at
            the start of a fit, if θ is not finite or too large for the operator.
    """

    def __init__(
        self,
        target: nn.Module,
        *,
        operator: Callable[[NetworkGraph], nn.Module],
        image_shape: Sequence[int],
        l1_weight: float,
        group_weight: float = 0.0,
        optimizer: OptimizerFactory,
        scheduler: Schedule | None = None,
        ramp: Ramp | None = None,
        batches_per_operator_step: int = 1,
        compile: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            target,
            operator=operator,
            image_shape=image_shape,
            penalty="l1",
            weight=l1_weight,
            optimizer=optimizer,
            scheduler=scheduler,
            ramp=ramp,
            batches_per_operator_step=batches_per_operator_step,
            compile=compile,
        )

        check_number("model.group_weight", group_weight, least=0)
        self.group_weight = group_weight

    def rewrite(self, *, training: bool) -> tuple[dict[str, Tensor], Float[Tensor, ""]]:
        theta = self.operator(self.graph, dict(self.target.named_parameters()))
        if not self.group_weight:
            return theta, l1(theta)
        return theta, l1_and_groups(self.graph, theta, group_weight=self.group_weight)
