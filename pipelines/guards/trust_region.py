"""A guard that stays near the networks that the predictor learnt from."""

from pathlib import Path

from datamodules.zoo import ZooDataModule
from pipelines.guards.guard import Guard
from pipelines.guards.predictor_file import load_frozen
from pipelines.guards.zoo import zoo_networks
from scalegmn.predictor.judge import Judge
from scalegmn.predictor.trust_region import TrustRegion as Region


class TrustRegion(Guard):
    """Follow the predictor near a zoo's weight statistics, and pay for leaving them.

    Args:
        method: the name of a method with this guard in the results.
        weights: the predictor's file; ``None`` for the reference.
        reference: the file of a predictor that comes with the project.
        zoo: the networks, of which those for training count.
        weight: of the penalty, per unit of squared distance beyond the radius.
        radius: of the region, in the zoo's own root mean square distance.

    Raises:
        FileNotFoundError: if the predictor's file is not there.
    """

    name = "trust_region"

    def __init__(
        self,
        *,
        method: str,
        weights: str | None,
        reference: str,
        zoo: ZooDataModule,
        weight: float,
        radius: float,
    ) -> None:
        super().__init__(method=method, weights=weights, reference=reference)
        self.zoo = zoo
        self.weight = weight
        self.radius = radius

    def check(self) -> None:
        self.zoo.records()

    def judge(self, file: Path) -> Judge:
        networks = zoo_networks(self.zoo)
        return Region(
            load_frozen(file), networks.parameters, weight=self.weight, radius=self.radius
        )
