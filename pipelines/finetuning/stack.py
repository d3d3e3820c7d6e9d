"""Fine-tune all candidates of a run, or of several, with all learning rates at once."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from datamodules.resident import ResidentDataModule
from pipelines.count_progress import CountProgress
from pipelines.evaluation import Quality
from pipelines.finetuning.curves import Point, write_curves
from pipelines.finetuning.outcome import NETWORK, RESULT, or_infinite, outcome
from pipelines.finetuning.settings import FineTuning
from pipelines.finetuning.trials import Candidates, Trial
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.formats import atomic_path
from scalegmn.stacked import EarlyStopping, Objective, StackedNetworks, cross_entropy

log = logging.getLogger(__name__)

CHECKPOINT = "stack.ckpt"
# Between two checkpoints; one is written whenever a network stops, too.
SECONDS = 30.0


def finetune_stack(folder: Path, candidates: Sequence[Candidates]) -> None:
    """Leave in the folder of every candidate and learning rate what a fit of its own leaves.

    Every process fine-tunes all networks, so that none waits for another; the first one writes.

    Args:
        folder: of all runs.
        candidates: of one run, or of several that differ in their seeds.
    """
    first = candidates[0].run
    settings: FineTuning = first.build("finetune")
    file = folder / "finetune" / CHECKPOINT
    trials = {
        trial.folder.relative_to(folder).as_posix(): trial
        for source, own in enumerate(candidates)
        for job in own.jobs
        for trial in [Trial(job, lr, source) for lr in settings.grid]
    }
    while True:
        # A stack that was stopped goes on with all of its networks, on which rounding depends.
        saved = _load(file) if first.processes.broadcast(file.exists()) else None
        missing = [name for name, trial in trials.items() if not trial.finished]
        names = first.processes.broadcast(saved["names"] if saved else missing)
        if not names:
            return
        if others := [name for name in names if name not in trials]:
            raise ValueError(
                f"{file} is of other seeds, or of some that are finished, with {others[0]}: go on "
                "with all of them, or delete it to fine-tune what is left anew"
            )
        with announced(first.processes, f"{len(names)} networks: fine-tuning at once"):
            some = {name: trials[name] for name in names}
            _Fit(candidates, settings, some, file).run(saved)


def _load(file: Path) -> dict[str, Any]:
    damaged = f"{file} is damaged: delete it to fine-tune anew"
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(damaged) from error
    if "quality" not in state:  # Or of a version that did not keep it.
        raise ValueError(damaged)
    return state


def _objective(candidates: Candidates, settings: FineTuning) -> Objective:
    distill = settings.distill
    if distill is None:
        return cross_entropy
    teacher = deepcopy(candidates.teacher).eval().requires_grad_(False)
    teacher.to(candidates.run.processes.root_device)
    # One pass of the teacher for all networks.
    return lambda logits, x, y: distill(logits, teacher(x), y).sum(1)


class _Fit:
    """The state of a stack in fine-tuning."""

    def __init__(
        self,
        candidates: Sequence[Candidates],
        settings: FineTuning,
        trials: dict[str, Trial],
        file: Path,
    ) -> None:
        self.runs = [own.run for own in candidates]
        self.first = self.runs[0]
        self.settings, self.file = settings, file
        self.trials = trials
        self.first.seed()
        networks = [trial.job.candidate.network for trial in trials.values()]
        device = self.first.processes.root_device
        self.networks = StackedNetworks(
            deepcopy(networks[0]).to(device),
            [dict(net.named_parameters()) for net in networks],
            [trial.job.candidate.mask for trial in trials.values()],
            [partial(settings.optimizer, lr=trial.lr) for trial in trials.values()],
            [_objective(own, settings) for own in candidates],
            [trial.source for trial in trials.values()],
        )
        self.stopping = [EarlyStopping(settings.patience) for _ in networks]
        # Epoch 0 included, which early stopping does not count.
        self.best = self.networks.rows.clone()
        self.quality: list[Quality] = []
        self.curves: list[list[Point]] = [[] for _ in networks]
        self.epoch, self.steps = 0, 0
        self.saved = time.monotonic()

    def run(self, saved: dict[str, Any] | None) -> None:
        """Fine-tune until all networks have stopped."""
        with CountProgress(f"fine-tuning {len(self.trials)} networks") as progress:
            if saved is None:
                self.quality = self._measure()
            else:
                self._load_state_dict(saved)
            self._finish()
            while self.trials:
                self._train()
                self._finish()
                progress(self.epoch, self.settings.max_epochs)
        if self.first.processes.is_first:
            self.file.unlink(missing_ok=True)
            with suppress(OSError):  # Several runs have their files in folders of their own.
                self.file.parent.rmdir()
        self.first.processes.barrier()

    def _train(self) -> None:
        """One epoch."""
        train_loss = self.networks.train(*(self._batches(run, "train") for run in self.runs))
        measured = self._measure()
        self.epoch += 1
        for i, (loss, now) in enumerate(zip(train_loss.tolist(), measured, strict=True)):
            point = Point(self.epoch - 1, self.steps, loss, now.loss, now.accuracy)
            self.curves[i].append(point)
            self.stopping[i].update(now.loss)
            if now.loss < or_infinite(self.quality[i].loss):
                self.best[i], self.quality[i] = self.networks.rows[i], now

    def _measure(self) -> list[Quality]:
        """All networks on the validation images, which are the same for all seeds."""
        measured = self.networks.measure(self._batches(self.first, "val"))
        # In single precision, as Lightning compares.
        columns = (measured.loss.float().tolist(), measured.accuracy.tolist())
        return [Quality(*values) for values in zip(*columns, strict=True)]

    def _finish(self) -> None:
        """Save the networks that have stopped, and go on with the others."""
        over = self.epoch >= self.settings.max_epochs
        names = list(self.trials)
        stopped = [i for i in range(len(names)) if over or self.stopping[i].stopped]
        for i in stopped:
            self._save_network(names[i], i)
        if stopped:
            left = [i for i in range(len(names)) if i not in stopped]
            self._keep(left)
        if stopped or time.monotonic() - self.saved >= SECONDS:
            self._save()

    def _save_network(self, name: str, i: int) -> None:
        trial = self.trials[name]
        run = self.runs[trial.source]
        best = deepcopy(trial.job.candidate.network)
        best.load_state_dict(self.networks.logits.split(self.best[i].cpu()))
        if run.processes.is_first:
            write_curves(run, trial.folder, self.curves[i], trial.lr)
            log.info("%s: stopped after %d epochs", name, self.epoch)
        work = partial(outcome, run, best, self.quality[i])
        arguments = {"lr": trial.lr, "epochs": self.epoch, "folder": trial.folder}
        once(
            run,
            trial.folder / RESULT,
            partial(work, **arguments),
            keys=["lr"],
            leaves=[trial.folder / NETWORK],
        )

    def _keep(self, left: list[int]) -> None:
        names = list(self.trials)
        self.trials = {names[i]: self.trials[names[i]] for i in left}
        self.networks.keep(left)
        self.best = self.best[left]
        self.quality = [self.quality[i] for i in left]
        self.stopping = [self.stopping[i] for i in left]
        self.curves = [self.curves[i] for i in left]

    def _batches(self, run: Run, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        """What a fit of one network of a run sees."""
        data, device = run.data, self.networks.rows.device
        assert isinstance(data, ResidentDataModule)
        loader = data.unshared_loader(split)
        loader.sampler.set_epoch(self.epoch)
        for _, (x, y) in zip(range(self._limit(split, len(loader))), loader, strict=False):
            self.steps += split == "train" and run is self.first
            yield x.to(device), y.to(device)

    def _limit(self, split: str, batches: int) -> int:
        """The number of batches; a whole number in the config is one, a fraction one of all."""
        limit = self.first.cfg.trainer[f"limit_{split}_batches"]
        left = min(limit, batches) if isinstance(limit, int) else int(limit * batches)
        if batches and not left:
            raise ValueError(f"trainer.limit_{split}_batches={limit}: none of {batches} batches")
        return left

    def _save(self) -> None:
        self.saved = time.monotonic()
        if not self.first.processes.is_first:
            return
        state = {
            "names": list(self.trials),
            "networks": self.networks.state_dict(),
            "stopping": [asdict(s) for s in self.stopping],
            "best": self.best.cpu(),
            "quality": [asdict(quality) for quality in self.quality],
            "curves": [[asdict(point) for point in curve] for curve in self.curves],
            "epoch": self.epoch,
            "steps": self.steps,
        }
        with atomic_path(self.file) as temporary, temporary.open("wb") as stream:
            torch.save(state, stream)

    def _load_state_dict(self, state: dict[str, Any]) -> None:
        self.networks.load_state_dict(state["networks"])
        self.stopping = [EarlyStopping(**s) for s in state["stopping"]]
        self.best.copy_(state["best"])
        self.quality = [Quality(**quality) for quality in state["quality"]]
        self.curves = [[Point(**point) for point in curve] for curve in state["curves"]]
        self.epoch, self.steps = state["epoch"], state["steps"]
