"""Train a predictor of accuracies to promise little where an optimiser has been."""

from collections.abc import Mapping
from typing import Any

from jaxtyping import Float
from torch import Tensor

from lightning_modules.predictor import Predictor
from scalegmn.arguments import check_number
from scalegmn.predictor import AccuracyPredictor
from scalegmn.zoo import NetworkBatch


class ConservativePredictor(Predictor):
    r"""Minimise the loss on a zoo, and what is predicted for visited networks above the zoo's.

    .. math::
        L(\mathrm{zoo}) + \alpha \left(
        \frac1k \sum_{i=1}^k f(G, \theta_i) - \operatorname{mean}_\mathrm{zoo} f \right)

    The visited networks :math:`\theta_i` have no labels.

    Reference: Trabucco et al., *Conservative Objective Models for Effective Offline Model-Based
    Optimization*, 2021, arXiv:2107.06882, eq. (4).

    Args:
        predictor: see :class:`~lightning_modules.predictor.Predictor`.
        visited: parameters of the visited networks by name, in one batch.
        weight: α.
        arguments: of :class:`~lightning_modules.predictor.Predictor`.

    Raises:
        ValueError: if the weight is negative.
    """

    def __init__(
        self,
        predictor: AccuracyPredictor,
        *,
        visited: Mapping[str, Tensor],
        weight: float,
        **arguments: Any,
    ) -> None:
        super().__init__(predictor, **arguments)
        check_number("guard.weight", weight, least=0)
        self._visited = dict(visited)
        self.weight = weight

    def training_loss(self, batch: NetworkBatch) -> Float[Tensor, ""]:
        logit = self(batch)
        visited = {name: p.to(logit) for name, p in self._visited.items()}
        promised = self.predictor(self.predictor.graph, visited).mean()
        above = promised - logit.sigmoid().mean()
        return self.loss(logit, batch.label) + self.weight * above
