"""Count the weights of each layer of pruned networks."""

import logging
import re
from collections.abc import Mapping, Sequence

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from reporting.mean_sd import MeanSd
from reporting.networks import Row
from reporting.records import Record
from reporting.rows import LayerRow
from scalegmn.pruning.weights import is_weight

log = logging.getLogger(__name__)

# Larger files would take longer than the rest of a report.
MOST_BYTES = 2**22


def count_layers(state: Mapping[str, Tensor]) -> tuple[LayerRow, ...]:
    """Sizes and counts of all weights."""
    return tuple(
        LayerRow(name=name, weights=weight.numel(), nonzero=int(weight.count_nonzero()))
        for name, weight in state.items()
        if is_weight(weight)
    )


def zeros_by_layer(row: Row) -> dict[str, float]:
    """Mean fraction of zeros of each layer over the networks of a row; empty if unknown."""
    counted = [layers for record in row.records if (layers := layers_of(record))]
    found: dict[str, list[float]] = {}
    for layers in counted:
        for layer in layers:
            found.setdefault(layer.name, []).append(1 - layer.nonzero / layer.weights)
    return {name: mean.mean for name, values in found.items() if (mean := MeanSd.of(values))}


def layers_of(record: Record) -> Sequence[LayerRow]:
    """What the run counted, else what a small file beside its results has."""
    if record.row.layers or record.run.folder is None or record.row.file is None:
        return record.row.layers
    file = record.run.folder / record.row.file
    if not file.is_file() or file.stat().st_size > MOST_BYTES:
        return ()
    try:
        state = load_file(file)
    except (OSError, SafetensorError) as error:
        log.warning("skipped: %s cannot be read: %s", file, error)
        return ()
    return count_layers({name: state[name] for name in sorted(state, key=_place)})


def _place(name: str) -> tuple[bool, list[int]]:
    """Files are sorted by name; convolutions come before the last layers."""
    return not name.startswith("features"), [int(number) for number in re.findall(r"\d+", name)]
