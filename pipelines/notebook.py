"""Run an experiment from Python, for example in a notebook."""

from collections.abc import Sequence
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig

from pipelines.errors import as_value_errors
from pipelines.execute import execute, finished
from pipelines.lightning_setup import prepare_lightning
from pipelines.lock import locked
from pipelines.paths import expand_home, see_current_folder
from reporting import Results

CONF = Path(__file__).parents[1] / "conf"


def run(*overrides: str, folder: str | Path) -> Results:
    """Run an experiment on one device, continue it, or read what it found.

    >>> from pipelines.notebook import run
    >>> results = run("experiment=baseline_magnitude", "sparsity=0.9", folder="outputs/notebook")
    >>> results.pruned[0].test_acc

    Args:
        overrides: as on the command line.
        folder: of the run; the same folder continues it.

    Raises:
        ValueError: if an override or a file is wrong, or the folder holds another run.
        FileNotFoundError: if data or weights are not there.
        BlockingIOError: if another process works in the folder.
    """
    with as_value_errors():
        cfg = composed(overrides, folder)
        with locked(cfg.paths.run_dir):
            results = finished(cfg) or execute(cfg)
    assert results is not None  # It is that of the first process, which is the only one.
    return results


def composed(overrides: Sequence[str], folder: str | Path) -> DictConfig:
    """The config of a run in a folder."""
    prepare_lightning()
    see_current_folder()
    GlobalHydra.instance().clear()  # A cell that was interrupted leaves it set.
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", overrides=list(overrides))
    cfg.paths.run_dir = str(Path(folder).expanduser())
    expand_home(cfg)
    return cfg
