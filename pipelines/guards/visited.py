"""Networks that an optimiser has visited, with their accuracies."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from pipelines.run import Run
from scalegmn.formats import load_tensors, save_network
from scalegmn.stacked import StackedLogits, measure

LABEL, PROMISED = "val_accuracy", "predicted_accuracy"


@dataclass(frozen=True)
class Visited:
    """Networks of one architecture.

    Args:
        params: by name, in one batch, in the order of the architecture's parameters.
        label: accuracies on all validation images.
        promised: what was predicted for them when they were visited.
    """

    params: dict[str, Tensor]
    label: Float[Tensor, " k"]
    promised: Float[Tensor, " k"]

    def __len__(self) -> int:
        return len(self.label)

    def network(self, number: int) -> dict[str, Tensor]:
        """The parameters of one network by name."""
        return {name: p[number] for name, p in self.params.items()}

    @classmethod
    def joined(cls, parts: Sequence["Visited"]) -> "Visited":
        """The networks of all parts."""
        names = parts[0].params
        params = {name: torch.cat([part.params[name] for part in parts]) for name in names}
        label = torch.cat([part.label for part in parts])
        return cls(params, label, torch.cat([part.promised for part in parts]))

    def save(self, file: Path) -> None:
        """Write the file that :meth:`load` reads."""
        save_network(file, {**self.params, LABEL: self.label, PROMISED: self.promised}, {})

    @classmethod
    def load(cls, file: Path, net: nn.Module, count: int) -> "Visited":
        """The networks in a file.

        Args:
            file: of them.
            net: any network of their architecture.
            count: how many there are.

        Raises:
            ValueError: if it is damaged, or of other networks.
        """
        shapes = {name: p.shape for name, p in net.named_parameters()}
        expected = {name: torch.empty(count, *shape) for name, shape in shapes.items()}
        numbers = {LABEL: torch.empty(count), PROMISED: torch.empty(count)}
        tensors = load_tensors(file, {**expected, **numbers})
        params = {name: tensors[name] for name in shapes}
        return cls(params, tensors[LABEL], tensors[PROMISED])


def measured(
    run: Run, net: nn.Module, networks: Sequence[dict[str, Tensor]], promised: Float[Tensor, " k"]
) -> Visited:
    """Networks with their accuracies, in one pass over all validation images.

    Args:
        run: gives the images.
        net: any network of their architecture.
        networks: their parameters by name.
        promised: see :class:`Visited`.
    """
    data: Any = run.data
    device = run.processes.root_device
    logits = StackedLogits(net)
    rows = torch.stack([logits.row(params) for params in networks]).to(device)
    logits.net.to(device)
    batches = ((x.to(device), y.to(device)) for x, y in data.unshared_loader("val"))
    label = measure(logits, rows, batches).accuracy.float().cpu()
    return Visited(logits.split(rows.cpu()), label, promised)
