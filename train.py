"""Train, prune, fine-tune: ``python train.py experiment=NAME [key=value ...]``."""

from math import nan
from pathlib import Path
from statistics import fmean

import hydra
import lightning as L
import torch
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from lightning import LightningDataModule
from lightning.pytorch.utilities.rank_zero import rank_zero_only
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from callbacks.results_writer import NAME as RESULTS
from pipelines.building import build_zoo, builds_zoo
from pipelines.checkpoints import checkpoint_to_continue
from pipelines.config_check import check_config
from pipelines.data_facts import prepared_data, with_images
from pipelines.identity import config_hash
from pipelines.job_process import needs_own_process, run_in_own_process
from pipelines.launch import Job, command, job
from pipelines.run_record import read_record
from reporting import Results
from reporting.summary_table import summary_table

MATMUL_PRECISIONS = ("highest", "high", "medium")


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="train"
)
def main(cfg: DictConfig) -> float | None:
    """Called by Hydra with the composed config; returns what a sweep may minimise."""
    with job(cfg) as this:
        return objective(train(cfg, this))


def train(cfg: DictConfig, this: Job | None = None) -> Results:
    """Run an experiment in ``cfg.paths.run_dir``, or continue it, or show what it found out.

    Raises:
        ValueError: if the config or a file is wrong, or the folder holds another run.
        FileNotFoundError: if data or weights are not there.
        ChildProcessError: if it had to be run as a command of its own, which failed.
    """
    data = prepared_data(cfg)
    cfg = with_images(cfg, data)
    cfg.config_hash = config_hash(cfg)
    check_config(cfg)
    use_threads(cfg.num_threads)
    use_matmul_precision(cfg.matmul_precision)
    folder = Path(cfg.paths.run_dir)
    # A zoo lies outside of the run's folder, and may be gone or another one since.
    if not is_finished(folder, cfg.config_hash) or builds_zoo(cfg):
        if needs_own_process(cfg):
            run_in_own_process(Path(__file__))
            return Results.read(folder / RESULTS)
        if builds_zoo(cfg):
            results = build_zoo(cfg, data)
            save_config(cfg, folder)
            results.write(folder / RESULTS)
        else:
            fit(cfg, data)
    elif this is not None:
        this.finished_before()
    results = Results.read(folder / RESULTS)
    show(results)
    return results


def fit(cfg: DictConfig, data: LightningDataModule) -> None:
    """Train, which writes the run's results into its folder."""
    folder = Path(cfg.paths.run_dir)
    L.seed_everything(cfg.seed, workers=True, verbose=False)
    model = instantiate(cfg.model, _convert_="all")
    callbacks = list(instantiate(cfg.callbacks, _convert_="all").values())
    loggers = list(instantiate(cfg.logger, _convert_="all").values())
    trainer = instantiate(cfg.trainer, callbacks=callbacks, logger=loggers, _convert_="all")
    checkpoint = checkpoint_to_continue(folder, cfg.ckpt_path, model)
    save_config(cfg, folder)
    trainer.fit(model, datamodule=data, ckpt_path=checkpoint, weights_only=True)


def use_threads(num_threads: int | None) -> None:
    """Limit PyTorch's threads on the CPU, if a number is given.

    Raises:
        ValueError: if it is not a number of threads.
    """
    if num_threads is None:
        return
    if not isinstance(num_threads, int) or num_threads < 1:
        raise ValueError(f"num_threads={num_threads!r}: expected a whole number above 0")
    torch.set_num_threads(num_threads)


def use_matmul_precision(precision: str) -> None:
    """Choose between speed and precision for products of float32 matrices.

    Raises:
        ValueError: if PyTorch has no such precision.
    """
    if precision not in MATMUL_PRECISIONS:
        known = ", ".join(MATMUL_PRECISIONS)
        raise ValueError(f"matmul_precision={precision}: expected one of {known}")
    torch.set_float32_matmul_precision(precision)


def is_finished(folder: Path, identity: str) -> bool:
    """Whether the folder holds the results of this run.

    Raises:
        ValueError: if it holds another run.
    """
    record = read_record(folder)
    if record is not None and record.config_hash != identity:
        raise ValueError(
            f"{folder} holds a run of another config: give this one another hydra.run.dir, "
            "or repeat that run's command to continue it"
        )
    return record is not None and (folder / RESULTS).exists()


@rank_zero_only
def save_config(cfg: DictConfig, folder: Path) -> None:
    """Write ``.hydra/``, as Hydra does, but only into a folder that is the run's."""
    target = folder / ".hydra"
    target.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(cfg, target / "config.yaml")
    if HydraConfig.initialized():
        OmegaConf.save(HydraConfig.get(), target / "hydra.yaml")
        OmegaConf.save(HydraConfig.get().overrides.task, target / "overrides.yaml")


@rank_zero_only
def show(results: Results) -> None:
    """Print the results as a table."""
    console().print(summary_table(results))


def console() -> Console:
    """Where tables go; wide enough for them where nobody's terminal says how wide it is."""
    return Console() if Console().is_terminal else Console(width=110)


def objective(results: Results) -> float | None:
    """The mean validation loss of the networks pruned by the run's method, else of the dense one.

    Of a predictor, Kendall's τ on validation networks with the opposite sign.

    Never a number of the test split: choices are not made with it.
    """
    if results.predictor is not None:
        return -results.metrics.get("val_kendall_tau", nan)
    pruned = [row.val_loss for row in results.pruned if row.method in (None, results.method)]
    losses = [loss for loss in pruned if loss is not None]
    if losses:
        return fmean(losses)
    return results.dense.val_loss if results.dense else None


if __name__ == "__main__":
    command(main)
