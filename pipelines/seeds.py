"""Prune with several seeds in one run, whose networks are fine-tuned together."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from pipelines.execute import finished, prepared, write
from pipelines.finetune import Candidates, finetune_at_once
from pipelines.finetuning.engine import chosen_engine
from pipelines.prune import Prune
from pipelines.run import Run
from pipelines.run_record import read_record
from reporting import Results


def execute_seeds(cfg: DictConfig) -> list[Results]:
    """Execute a run of each of ``cfg.seeds``, or continue it, or read what it found.

    Each is as with ``seed`` alone: in its own folder, with its own dense network, candidates,
    batches and results. Where ``finetune.engine`` stacks networks, those of all seeds are one
    stack; else one run follows the other.

    Args:
        cfg: composed.

    Returns:
        The results of each seed.

    Raises:
        ValueError: if the seeds are not different whole numbers, the run does not prune or uses
            several devices, the config or a file is wrong, or a folder holds another run.
        FileNotFoundError: if data or weights are not there.
    """
    cfgs, folder = of_each_seed(cfg), Path(cfg.paths.run_dir)
    if read_record(folder) is not None:
        raise ValueError(f"{folder} holds a run of one seed: give these another hydra.run.dir")
    found = {own.seed: finished(own) for own in cfgs}
    left = [own for own in cfgs if found[own.seed] is None]
    found |= zip((own.seed for own in left), _execute(left, folder), strict=True)
    return [results for results in found.values() if results is not None]


def of_each_seed(cfg: DictConfig) -> list[DictConfig]:
    """The configs of the runs, each in a folder of its own.

    Raises:
        ValueError: if the seeds are not different whole numbers.
    """
    seeds = cfg.seeds if OmegaConf.is_list(cfg.seeds) else [cfg.seeds]
    whole = all(type(seed) is int and seed >= 0 for seed in seeds)
    if not seeds or not whole or len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds={seeds}: expected different whole numbers, such as [42,43,44]")
    return [_of_seed(cfg, seed) for seed in seeds]


def _of_seed(cfg: DictConfig, seed: int) -> DictConfig:
    own = deepcopy(cfg)
    own.seed, own.seeds = seed, None
    own.paths.run_dir = str(Path(cfg.paths.run_dir) / f"seed_{seed}")
    return own


def _execute(cfgs: Sequence[DictConfig], folder: Path) -> list[Results]:
    runs = [prepared(own) for own in cfgs]
    for pipeline, run in runs:
        if not isinstance(pipeline, Prune):
            raise ValueError("seeds: only pruning takes several; sweep over them, -m seed=42,43")
        if run.processes.number > 1:
            raise ValueError("seeds: for one device; sweep over them, -m seed=42,43")
    if not runs or chosen_engine(runs[0][1]) != "stacked":
        return [_finished(run, pipeline(run)) for pipeline, run in runs]
    started = [pipeline.start(run) for pipeline, run in runs]
    candidates = [Candidates(each.run, each.jobs, each.dense.net) for each in started]
    fixed = finetune_at_once(folder, candidates)
    started = [replace(each, jobs=own.jobs) for each, own in zip(started, fixed, strict=True)]
    pairs = zip(runs, started, strict=True)
    return [_finished(run, pipeline.finish(each)) for (pipeline, run), each in pairs]


def _finished(run: Run, results: Results) -> Results:
    write(run, results)
    return results
