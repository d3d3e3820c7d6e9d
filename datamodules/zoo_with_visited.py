"""A zoo with more networks to learn from."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from datamodules.resident import ResidentDataModule
from datamodules.zoo import ZooDataModule
from scalegmn.zoo import Networks


class ZooWithVisited(ResidentDataModule[Networks]):
    """The networks of a zoo, and measured ones beside those for training.

    Args:
        zoo: validation and test networks are its own.
        visited: parameters of the others by name, in one batch; ReLU networks.
        label: their accuracies.
        copies: how often each of them is in an epoch.

    Raises:
        ValueError: if the networks are of another architecture than the zoo's.
    """

    def __init__(
        self,
        zoo: ZooDataModule,
        *,
        visited: Mapping[str, Tensor],
        label: Float[Tensor, " n"],
        copies: int = 1,
    ) -> None:
        super().__init__(name=zoo.name, batch_size=zoo.batch_size, seed=zoo.seed)
        self.zoo = zoo
        self.visited = visited
        self.label = label
        self.copies = copies

    def splits(self) -> dict[str, Networks]:
        splits = self.zoo.splits()
        return {**splits, "train": self._joined(splits["train"])}

    def batches(self, content: Networks, *, training: bool) -> Dataset:
        return self.zoo.batches(content, training=training)

    def _joined(self, networks: Networks) -> Networks:
        found = {name: tuple(p.shape[1:]) for name, p in self.visited.items()}
        if found != dict(networks.shapes):
            raise ValueError(
                f"{self.name} has networks of the shapes {dict(networks.shapes)}, and the one to "
                f"prune has {found}: set target.net to the zoo's architecture"
            )
        rows = torch.cat([self.visited[name].flatten(1) for name in networks.shapes], dim=1)
        weights = [p.flatten(1) for p in self.visited.values() if p.ndim > 2]
        sparsity = (torch.cat(weights, dim=1) == 0).float().mean(1)
        sign = torch.zeros(len(rows), dtype=torch.bool)
        more = Networks(rows.float(), networks.shapes, sign, self.label.float(), sparsity)
        joined: dict[str, Any] = {
            name: torch.cat([getattr(networks, name), *[getattr(more, name)] * self.copies])
            for name in Networks.tensors
        }
        return replace(networks, **joined, family=None)
