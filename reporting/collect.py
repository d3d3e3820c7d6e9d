"""Finding what runs left behind."""

from collections.abc import Iterable
from pathlib import Path

from reporting.schema import Results


def collect(roots: Iterable[Path | str]) -> tuple[list[Results], list[str]]:
    """Read every ``results.json`` below the folders, each once, oldest first.

    Returns:
        The results, and one line about each file that is broken or not a run's.
    """
    files = {file.resolve(): file for root in roots for file in Path(root).rglob("results.json")}
    results, complaints = [], []
    for file in sorted(files.values(), key=lambda file: file.stat().st_mtime):
        try:
            results.append(Results.read(file))
        except (ValueError, OSError) as error:
            complaints.append(f"skipped: {error}")
    return results, complaints
