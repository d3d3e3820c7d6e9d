"""Folders of methods that train something."""

from pathlib import Path

from pipelines.run import Run


def own_folder(run: Run, name: str) -> Path:
    """The folder of a method's training.

    It is the run's for the run's own method, whose curves belong beside the results, and one below
    it for a method that the run compares with, or that another one uses.

    Args:
        run: of the method.
        name: of the method.
    """
    return run.folder if name == run.cfg.method else run.folder / name
