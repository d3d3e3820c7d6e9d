"""A lower confidence bound of several predictors."""

from collections.abc import Mapping, Sequence
from copy import deepcopy

import torch
from jaxtyping import Float
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap

from scalegmn.arguments import check_number
from scalegmn.graph import NetworkGraph
from scalegmn.predictor.accuracy import AccuracyPredictor
from scalegmn.predictor.judge import Judge

# Below it the standard deviation counts as constant: its gradient has no limit at 0.
LEAST_VARIANCE = 1e-16
# Members that a CPU runs faster one after another than as one call, whose dispatch costs 20 ms.
IN_TURN = 6


class LowerBound(Judge):
    r"""Counts on the mean prediction of an ensemble less k standard deviations.

    .. math:: \mu(\theta) - k\, \sigma(\theta)

    over the predictions :math:`f_m(G, \theta)` of the members, which run as one batched call, but
    for a few of them on a CPU. Where none of them has learnt anything they differ, and
    :math:`\sigma` (of the sample) grows.

    Reference: Lakshminarayanan et al., *Simple and Scalable Predictive Uncertainty Estimation using
    Deep Ensembles*, 2017, arXiv:1612.01474; the bound: Auer, *Using Confidence Bounds for
    Exploitation-Exploration Trade-offs*, 2002.

    Args:
        members: predictors of one recipe, at least two.
        k: standard deviations to take off.

    Raises:
        ValueError: if there are fewer than two members, they differ in their recipe, or k is
            negative.
    """

    def __init__(self, members: Sequence[AccuracyPredictor], *, k: float) -> None:
        if len(members) < 2:
            raise ValueError(f"an ensemble needs at least two predictors, got {len(members)}")
        for member in members[1:]:
            if member.recipe != members[0].recipe:
                raise ValueError(
                    "members of an ensemble (predictor.weights, guard.others) are alike, but for "
                    f"weights: got {members[0].recipe} and {member.recipe}"
                )
        check_number("guard.k", k, least=0)
        super().__init__(members[0])
        self.k = k
        params, buffers = stack_module_state([member.reader for member in members])
        self._names = {name: f"member_{i}" for i, name in enumerate({**params, **buffers})}
        for name, value in {**params, **buffers}.items():
            self.register_buffer(self._names[name], value.detach())
        # Without weights of its own; kept in a list, which is no submodule.
        self._bare = [deepcopy(members[0].reader).to("meta")]

    def members(
        self, graph: NetworkGraph, params: Mapping[str, Tensor]
    ) -> Float[Tensor, " member"]:
        """The predictions of the members for one network."""
        state = {name: getattr(self, own) for name, own in self._names.items()}

        def read(own: dict[str, Tensor]) -> Tensor:
            return functional_call(self._bare[0], own, (graph, dict(params)))

        some = next(iter(state.values()))
        if some.device.type == "cpu" and len(some) <= IN_TURN:
            each = [read({name: own[i] for name, own in state.items()}) for i in range(len(some))]
            return torch.stack(each).flatten().sigmoid()
        return vmap(read)(state).flatten().sigmoid()

    def forward(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        predictions = self.members(graph, params)
        deviation = predictions.var().clamp(min=LEAST_VARIANCE).sqrt()
        return predictions.mean() - self.k * deviation

    def predict(self, graph: NetworkGraph, params: Mapping[str, Tensor]) -> Float[Tensor, ""]:
        return self.members(graph, params).mean()
