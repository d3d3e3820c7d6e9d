"""Train, prune, fine-tune: ``python train.py experiment=NAME [key=value ...]``."""

from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from pipelines.job_process import needs_own_process, run_in_own_process
from pipelines.launch import Job, command, job

if TYPE_CHECKING:
    from reporting import Results


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="train"
)
def main(cfg: DictConfig) -> float | None:
    """Called by Hydra with the composed config; returns the number that a sweep minimises."""
    with job(cfg) as this:
        if cfg.seeds is not None:
            return train_seeds(cfg, this)
        results = train(cfg, this)
        if results is None:
            return None
        from pipelines.execute import objective

        return objective(results)


def train(cfg: DictConfig, this: Job | None = None) -> "Results | None":
    """Execute an experiment in ``cfg.paths.run_dir``, or continue it, or show what it found.

    Args:
        cfg: composed.
        this: the job that it is; ``None`` when called from Python.

    Returns:
        The results; ``None`` on processes other than the first.

    Raises:
        ValueError: if the config or a file is wrong, or the folder holds another run.
        FileNotFoundError: if data or weights are not there.
        ChildProcessError: if it had to be run as a command of its own, which failed.
    """
    # Here, because it takes seconds: mistakes in overrides and --help come before it.
    from pipelines.execute import execute, finished, show

    results = finished(cfg)
    if results is not None and this is not None:
        this.finished_before()
    elif needs_own_process(cfg):
        run_in_own_process(Path(__file__))
        return finished(cfg)
    if results is None:
        results = execute(cfg)
    if results is not None:
        show(results)
    return results


def train_seeds(cfg: DictConfig, this: Job) -> float | None:
    """Execute an experiment with each of ``cfg.seeds``; returns the mean of what a sweep minimises.

    Args:
        cfg: composed.
        this: the job that it is.

    Raises:
        ValueError: as :func:`train`, or if the experiment does not take several seeds.
    """
    if needs_own_process(cfg):
        raise ValueError("seeds: for trainer.devices=1; sweep over them, seed=42,43")
    from statistics import fmean

    from pipelines.execute import finished, objective, show
    from pipelines.seeds import execute_seeds, of_each_seed

    if all(finished(own) is not None for own in of_each_seed(cfg)):
        this.finished_before()
    found = execute_seeds(cfg)
    for results in found:
        show(results, seed=results.seed)
    numbers = [number for results in found if (number := objective(results)) is not None]
    return fmean(numbers) if numbers else None


if __name__ == "__main__":
    command(main)
