"""The paper's Table 1, to be shown beside our rows."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reporting.networks import Section

FILE = Path(__file__).with_name("published.json")


@dataclass(frozen=True)
class Published:
    """Test accuracies of one target.

    Args:
        source: where they were published.
        remark: on their protocol.
        dense: fraction of test images before pruning.
        accuracies: by method and sparsity, fractions.
    """

    source: str
    remark: str
    dense: float
    accuracies: Mapping[str, Mapping[float, float]]

    def lost(self, method: str, sparsity: float) -> float | None:
        """Accuracy that a method loses against the dense network; ``None`` if not published."""
        accuracy = self.accuracies.get(method, {}).get(sparsity)
        return None if accuracy is None else self.dense - accuracy


def published(section: Section) -> Published | None:
    """The published rows for a section: of its target, on its images, at its width.

    Returns:
        ``None`` for networks and images that the paper does not have.
    """
    width = section.shared.get("target.net.width")
    for target, dataset, its_width, found in _tables():
        same = (section.target, section.dataset) == (target, dataset)
        if same and width in (None, its_width):
            return found
    return None


@cache
def _tables() -> list[tuple[str, str, int, Published]]:
    content = json.loads(FILE.read_text(encoding="utf-8"))
    return [
        (
            table["target"],
            table["dataset"],
            table["width"],
            Published(
                content["source"],
                content["remark"],
                table["dense"] / 100,
                {
                    method: {
                        sparsity / 100: accuracy / 100
                        for sparsity, accuracy in zip(table["sparsities"], values, strict=True)
                    }
                    for method, values in table["accuracies"].items()
                },
            ),
        )
        for table in content["tables"]
    ]
