"""Execute the run that a composed config describes, or continue it."""

from copy import deepcopy
from math import nan
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import LightningDataModule
from omegaconf import DictConfig, OmegaConf
from rich.console import Console
from torch import nn

from datamodules.images import ImageDataModule
from datamodules.preparation import prepare
from datamodules.protocols import check_data
from pipelines.config_check import check_config
from pipelines.data import build_data
from pipelines.finetune_check import check_finetune
from pipelines.identity import config_hash
from pipelines.machine_share import threads_of_job
from pipelines.processes import Processes
from pipelines.protocol import BUILDERS
from pipelines.results import FILE
from pipelines.run import Run
from pipelines.run_record import read_record
from pipelines.trainer_check import check_trainer
from reporting import Results
from reporting.summary_table import summary_table
from scalegmn.allocator import keep_freed_memory

MATMUL_PRECISIONS = ("highest", "high", "medium")


def execute(
    cfg: DictConfig, *, data: LightningDataModule | None = None, net: nn.Module | None = None
) -> Results | None:
    """Execute a run in ``cfg.paths.run_dir``, continue it, or read what it found.

    Everything that can be checked is checked before anything is written. ``results.json`` is
    written last: it says that the run is finished.

    Args:
        cfg: composed; its ``config_hash`` is filled in.
        data: instead of what the config makes, and set up.
        net: the target instead of what the config makes.

    Returns:
        The results; ``None`` on processes other than the first.

    Raises:
        ValueError: if the config or a file is wrong, or the folder holds another run.
        FileNotFoundError: if data or weights are not there.
    """
    pipeline, run = prepared(cfg, data=data, net=net)
    results = pipeline(run)
    write(run, results)
    return results if run.processes.is_first else None


def prepared(
    cfg: DictConfig, *, data: LightningDataModule | None = None, net: nn.Module | None = None
) -> tuple[Any, Run]:
    """The stages of a run, and what they share; see :func:`execute`."""
    if cfg.get("seeds") is not None:
        raise ValueError(f"seeds={cfg.seeds}: this is one run; see pipelines.seeds.execute_seeds")
    check_trainer(cfg)
    check_finetune(cfg)
    use_threads(threads_of_job() if cfg.num_threads is None else cfg.num_threads)
    use_matmul_precision(cfg.matmul_precision)
    keep_freed_memory()
    # Of copies: instantiating resolves what other parts of the config read.
    pipeline = instantiate(deepcopy(cfg).pipeline, _convert_="all")
    if data is None:
        data = build_data(cfg.data)
        prepare(data)
        data.setup("fit")
    check_data(data, pipeline.reads)
    use_channels_last(data, cfg.channels_last)
    plugins: Any = instantiate(cfg.trainer.plugins, _convert_="all") or ()
    return pipeline, Run(cfg, Path(cfg.paths.run_dir), data, Processes(cfg.trainer, plugins), net)


def write(run: Run, results: Results) -> None:
    """Write the file that says that a run is finished."""
    if run.processes.is_first:
        run.claim()
        results.write(run.folder / FILE)
    run.processes.barrier()


def finished(cfg: DictConfig) -> Results | None:
    """The results of the run in ``cfg.paths.run_dir``, if it is finished.

    Raises:
        ValueError: if the config is wrong, or the folder holds another run.
    """
    check_config(cfg)
    folder = Path(cfg.paths.run_dir)
    cfg.config_hash = config_hash(cfg)
    record = read_record(folder)
    if record is not None and record.config_hash != cfg.config_hash:
        raise ValueError(
            f"{folder} holds a run of another config: give this one another hydra.run.dir, "
            "or repeat that run's command to continue it"
        )
    # What is built lies outside of the run's folder, and may be gone since: its builder looks.
    builds = any(OmegaConf.select(cfg, f"{key}._target_") for key in BUILDERS)
    if record is None or not (folder / FILE).exists() or builds:
        return None
    return Results.read(folder / FILE)


def show(results: Results, *, seed: int | None = None) -> None:
    """Print the results as a table, of one of several seeds if it is given."""
    table = summary_table(results)
    if seed is not None:
        table.title = f"{table.title}, seed {seed}"
    console().print(table)


def console() -> Console:
    """Where tables go; wide enough for them where nobody's terminal says how wide it is."""
    return Console() if Console().is_terminal else Console(width=110)


def objective(results: Results) -> float | None:
    """The number that a sweep minimises.

    That is the mean validation loss of the networks pruned by the run's method, else that of the
    dense network; for a predictor, Kendall's τ on validation networks with the opposite sign. Never
    a number of the test split: choices are not made with it.
    """
    if results.predictor is not None:
        return -results.metrics.get("val_kendall_tau", nan)
    pruned = [row.val_loss for row in results.pruned if row.method in (None, results.method)]
    losses = [loss for loss in pruned if loss is not None]
    if losses:
        return fmean(losses)
    return results.dense.val_loss if results.dense else results.metrics.get("val_loss")


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


def use_channels_last(data: object, wanted: bool) -> None:
    """Lay out batches of images with their channels last, if that is wanted.

    Raises:
        ValueError: if it is, and the data module is none of ours for images.
    """
    if not wanted:
        return
    if not isinstance(data, ImageDataModule):
        raise ValueError(f"channels_last=true: {type(data).__name__} is no ImageDataModule")
    data.channels_last = True


def use_matmul_precision(precision: str) -> None:
    """Choose between speed and precision for products of float32 matrices.

    Raises:
        ValueError: if PyTorch has no such precision.
    """
    if precision not in MATMUL_PRECISIONS:
        known = ", ".join(MATMUL_PRECISIONS)
        raise ValueError(f"matmul_precision={precision}: expected one of {known}")
    torch.set_float32_matmul_precision(precision)
