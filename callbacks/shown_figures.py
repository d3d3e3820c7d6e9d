"""Figures where people look for them."""

from collections.abc import Mapping
from pathlib import Path

from lightning import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from matplotlib.figure import Figure

from scalegmn.formats import atomic_path


def show_figures(trainer: Trainer, figures: Mapping[str, Figure], folder: Path) -> None:
    """Write each figure to ``<name>.png`` in the folder, and to TensorBoard."""
    for name, figure in figures.items():
        with atomic_path(folder / f"{name}.png") as temporary:
            figure.savefig(temporary, dpi=150)
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                logger.experiment.add_figure(name, figure, trainer.global_step)
