"""Fine-tune candidates under their masks, evaluate and save them: the same for every method."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from pipelines.evaluation import evaluate
from pipelines.finetuning.engine import Engine
from pipelines.finetuning.job import CANDIDATE, Job, fixed, pruned_name
from pipelines.finetuning.one_by_one import finetune_one
from pipelines.finetuning.outcome import NETWORK, RESULT, or_infinite
from pipelines.finetuning.settings import FineTuning
from pipelines.finetuning.stack import finetune_stack
from pipelines.finetuning.trials import Candidates
from pipelines.metadata import metadata
from pipelines.run import Run
from pipelines.stage import announced, once
from reporting import FineTuneRate, LayerRow, PrunedRow
from reporting.layers import count_layers
from scalegmn.formats import load_state, save_network
from scalegmn.pruning import SparsityCount, parameters_in

__all__ = [
    "Candidates",
    "FineTuning",
    "Job",
    "finetune",
    "finetune_all",
    "finetune_at_once",
    "pruned_name",
]


def finetune_all(
    run: Run, jobs: Iterable[Job], *, engine: Engine, teacher: nn.Module
) -> Iterator[PrunedRow]:
    """Fine-tune candidates.

    Args:
        run: gives the data and the budget, ``finetune`` of its config.
        jobs: the candidates; methods may make them as they are asked for.
        engine: fits one network after the other, or all of them at once.
        teacher: the dense network, for distillation.
    """
    if engine == "stacked":
        (own,) = finetune_at_once(run.folder, [Candidates(run, jobs, teacher)])
        jobs = own.jobs
    for job in jobs:
        yield finetune(run, job, teacher)


def finetune_at_once(folder: Path, candidates: Sequence[Candidates]) -> list[Candidates]:
    """Fine-tune the candidates of several runs as one stack.

    Args:
        folder: of all runs.
        candidates: of each run.

    Returns:
        The same, of which :func:`finetune_all` finds everything fine-tuned.
    """
    kept = [replace(own, jobs=_snapshots(own.run, own.jobs)) for own in candidates]
    finetune_stack(folder, kept)
    return kept


def finetune(run: Run, job: Job, teacher: nn.Module) -> PrunedRow:
    """Fine-tune with every learning rate, choose by validation loss, test, and save.

    Leaves ``pruned_<percent>.safetensors`` in the job's folder. Test images are never looked at for
    a choice. Finished work is found again in ``finetune/``.

    Args:
        run: gives the data and the budget, ``finetune`` of its config.
        job: the candidate.
        teacher: the dense network, for distillation.
    """
    what = f"{job.method} at {job.percent} %"
    budget = f"at most {run.cfg.finetune.max_epochs} epochs, lr {run.cfg.finetune.lr}"
    with announced(run.processes, f"{what}: fine-tuning for {budget}"):
        row = once(
            run,
            job.row,
            lambda: _stage(run, job, teacher),
            keys=("sparsity", "test_acc", "finetune_rates"),
            leaves=[job.file],
        )
    (job.work / CANDIDATE).unlink(missing_ok=True)
    rates = tuple(FineTuneRate(**rate) for rate in row.pop("finetune_rates"))
    layers = tuple(LayerRow(**layer) for layer in row.pop("layers", ()))
    return PrunedRow(
        **row,
        finetune_rates=rates,
        layers=layers,
        file=job.file.relative_to(run.folder).as_posix(),
        method=None if job.method == run.cfg.method else job.method,
    )


def _snapshots(run: Run, jobs: Iterable[Job]) -> list[Job]:
    """The jobs with copies of their networks: a method may train its network on."""

    def snapshot(job: Job) -> Job:
        done = run.processes.broadcast(job.row.exists() and job.file.exists())
        net, mask = (job.candidate.network, job.candidate.mask) if done else fixed(run, job)
        return replace(job, candidate=replace(job.candidate, network=net, mask=mask))

    return [snapshot(job) for job in jobs]


def _stage(run: Run, job: Job, teacher: nn.Module) -> dict[str, Any]:
    pruned, mask = fixed(run, job)
    before = evaluate(run, pruned, "test")
    rates = run.build("finetune").grid
    outcomes = [
        _rate(
            run, job.rate(lr), partial(finetune_one, run, pruned, mask, lr, job.rate(lr), teacher)
        )
        for lr in rates
    ]
    best = min(outcomes, key=lambda o: or_infinite(o.val_loss))
    net = deepcopy(pruned)
    net.load_state_dict(load_state(job.rate(best.lr) / NETWORK, net))
    after = evaluate(run, net, "test")
    if run.processes.is_first:
        own = {"method": job.method, "sparsity": f"{job.candidate.sparsity:g}"}
        save_network(job.file, net.state_dict(), {**metadata(run.cfg), **own})
    run.processes.barrier()
    params = parameters_in(load_state(job.file, net), net)
    count = SparsityCount.of(params)
    return {
        "sparsity": job.candidate.sparsity,
        "test_acc": after.accuracy,
        "val_acc": best.val_acc,
        "val_loss": best.val_loss,
        "test_acc_before_finetune": before.accuracy,
        "finetune_lr": best.lr,
        "finetune_epochs": best.epochs,
        "finetune_rates": [vars(outcome) for outcome in outcomes],
        "finetune_lr_at_edge": best.lr in (min(rates), max(rates)) if len(rates) > 1 else None,
        "epochs_before_finetune": job.candidate.epochs,
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
        "nonzero": count.nonzero,
        "layers": [vars(layer) for layer in count_layers(params)],
        **job.candidate.measured,
    }


def _rate(run: Run, folder: Path, work: Callable[[], dict[str, Any]]) -> FineTuneRate:
    outcome = once(run, folder / RESULT, work, keys=["lr"], leaves=[folder / NETWORK])
    if run.processes.is_first:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return FineTuneRate(**outcome)
