"""Find what the results beside a network's file say about it."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from reporting.collect import NAME, Run
from reporting.rows import DenseRow, PrunedRow
from reporting.schema import Results


@dataclass(frozen=True)
class Provenance:
    """Where a network comes from.

    Args:
        run: that made it.
        row: of the network in the run's results.
        missing: why these are not known, as the end of a sentence.
    """

    run: Run | None = None
    row: PrunedRow | DenseRow | None = None
    missing: str = ""


def provenance(file: Path, *, nonzero: int, digests: Collection[str]) -> Provenance:
    """The run whose results have a network's file.

    Networks of the methods that a run compares lie in folders inside the run's.

    Args:
        file: of the network.
        nonzero: its parameters that are not zero: results that count others are of another file.
        digests: hashes of its tensors, for a dense network; also with folded normalisation.
    """
    found = [folder / NAME for folder in (file.parent, file.parent.parent)]
    path = next((path for path in found if path.is_file()), None)
    if path is None:
        return Provenance(missing=f"there is no {NAME} beside the file")
    try:
        run = Run(Results.read(path), folder=path.parent)
    except (OSError, ValueError) as error:
        return Provenance(missing=f"{NAME} cannot be read: {error}")
    name = file.relative_to(path.parent).as_posix()
    row = next((row for row in run.results.pruned if row.file == name), None)
    if row is not None and row.nonzero in (None, nonzero):
        return Provenance(run, row)
    dense = run.results.dense
    if row is None and dense is not None and dense.hash in digests:
        return Provenance(run, dense)
    return Provenance(missing=f"{NAME} beside the file has no row of this network")
