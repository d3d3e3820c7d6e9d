"""Fine-tune a candidate under its mask, evaluate and save it: the same for every method."""

import shutil
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from callbacks import EarlyStoppedFineTuning, GradientFreezing, Masking
from lightning_modules.classifier import Classifier
from pipelines.evaluation import evaluate
from pipelines.fit import Budget, fit
from pipelines.metadata import metadata
from pipelines.methods import Candidate
from pipelines.run import Run
from pipelines.stage import once
from reporting import FineTuneRate, LayerRow, PrunedRow
from reporting.layers import count_layers
from scalegmn.formats import load_state, load_tensors, save_network
from scalegmn.pruning import Mask, SparsityCount

NETWORK = "network.safetensors"
CANDIDATE = "candidate.safetensors"
MASK = "mask."


@dataclass(frozen=True)
class FineTuning:
    """The budget of fine-tuning, the same for every method.

    Args:
        optimizer: makes an optimizer, given parameters and a learning rate.
        lr: one learning rate or several, of which the lowest validation loss chooses.
        max_epochs: when to stop at the latest; 0 does not fine-tune.
        patience: epochs without a lower validation loss until it stops.
    """

    optimizer: Callable[..., Optimizer]
    lr: float | Sequence[float]
    max_epochs: int
    patience: int

    @property
    def grid(self) -> list[float]:
        """The learning rates as a list."""
        return [self.lr] if isinstance(self.lr, int | float) else list(self.lr)


def finetune(run: Run, candidate: Candidate, *, method: str, folder: Path) -> PrunedRow:
    """Fine-tune with every learning rate, choose by validation loss, test, and save.

    Leaves ``pruned_<percent>.safetensors`` in the folder. Test images are
    never looked at for a choice. Finished work is found again in ``finetune/``.

    Args:
        run: gives the data and the budget, ``finetune`` of its config.
        candidate: the network and its mask.
        method: that made it.
        folder: for the pruned network; the run's, or one below it.
    """
    percent = f"{100 * candidate.sparsity:g}"
    work, file = folder / "finetune" / f"{method}_{percent}", folder / pruned_name(percent)
    row = once(
        run,
        work / "row.json",
        lambda: _stage(run, candidate, method, work, file),
        keys=("sparsity", "test_acc", "finetune_rates"),
        leaves=[file],
    )
    (work / CANDIDATE).unlink(missing_ok=True)
    rates = tuple(FineTuneRate(**rate) for rate in row.pop("finetune_rates"))
    layers = tuple(LayerRow(**layer) for layer in row.pop("layers", ()))
    return PrunedRow(
        **row,
        finetune_rates=rates,
        layers=layers,
        file=file.relative_to(run.folder).as_posix(),
        method=None if method == run.cfg.method else method,
    )


def pruned_name(percent: str) -> str:
    """The name of the file of a network pruned to so many percent."""
    return f"pruned_{percent}.safetensors"


def _stage(run: Run, candidate: Candidate, method: str, work: Path, file: Path) -> dict[str, Any]:
    pruned, mask = _fixed(run, candidate, work / CANDIDATE)
    before = evaluate(run, pruned, "test")
    rates = run.build("finetune").grid
    outcomes = [_rate(run, pruned, mask, lr, work / f"lr_{lr:g}") for lr in rates]
    best = min(outcomes, key=lambda o: inf if o.val_loss is None else o.val_loss)
    net = deepcopy(pruned)
    net.load_state_dict(load_state(work / f"lr_{best.lr:g}" / NETWORK, net))
    after = evaluate(run, net, "test")
    if run.processes.is_first:
        own = {"method": method, "sparsity": f"{candidate.sparsity:g}"}
        save_network(file, net.state_dict(), {**metadata(run.cfg), **own})
    run.processes.barrier()
    state = load_state(file, net)
    count = SparsityCount.of(state)
    return {
        "sparsity": candidate.sparsity,
        "test_acc": after.accuracy,
        "val_acc": best.val_acc,
        "val_loss": best.val_loss,
        "test_acc_before_finetune": before.accuracy,
        "finetune_lr": best.lr,
        "finetune_epochs": best.epochs,
        "finetune_rates": [vars(outcome) for outcome in outcomes],
        "finetune_lr_at_edge": best.lr in (min(rates), max(rates)) if len(rates) > 1 else None,
        "epochs_before_finetune": candidate.epochs,
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
        "nonzero": count.nonzero,
        "layers": [vars(layer) for layer in count_layers(state)],
    }


def _fixed(run: Run, candidate: Candidate, file: Path) -> tuple[nn.Module, Mask]:
    """The pruned candidate and its mask, the same in every session and on every process."""
    if run.processes.is_first and not file.exists():
        net = deepcopy(candidate.network)
        candidate.mask.apply_(net)
        save_network(file, _tensors(net, candidate.mask), {})
    run.processes.barrier()
    net = deepcopy(candidate.network).requires_grad_(True)
    tensors = load_tensors(file, _tensors(net, candidate.mask))
    keep = {n.removeprefix(MASK): t.bool() for n, t in tensors.items() if n.startswith(MASK)}
    net.load_state_dict({n: t for n, t in tensors.items() if not n.startswith(MASK)})
    return net, Mask(keep)


def _tensors(net: nn.Module, mask: Mask) -> dict[str, Tensor]:
    return {**net.state_dict(), **{MASK + name: keep for name, keep in mask.keep.items()}}


def _rate(run: Run, pruned: nn.Module, mask: Mask, lr: float, folder: Path) -> FineTuneRate:
    work = partial(_tune, run, pruned, mask, lr, folder)
    outcome = once(run, folder / "result.json", work, keys=["lr"], leaves=[folder / NETWORK])
    if run.processes.is_first:
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
    return FineTuneRate(**outcome)


def _tune(run: Run, pruned: nn.Module, mask: Mask, lr: float, folder: Path) -> dict[str, Any]:
    settings: FineTuning = run.build("finetune")
    run.seed()
    tuned = deepcopy(pruned)
    epochs = fit(
        run,
        Classifier(tuned, optimizer=partial(settings.optimizer, lr=lr)),
        Budget(settings.max_epochs),
        folder=folder,
        label=f"{folder.parent.name}/{folder.name}",
        callbacks=[
            Masking(mask),
            GradientFreezing(mask),
            EarlyStoppedFineTuning("val/loss", patience=settings.patience),
        ],
    )
    # The weights right after pruning, epoch 0, are a candidate as well.
    measured = [(evaluate(run, net, "val"), net) for net in (pruned, tuned)]
    quality, best = min(measured, key=lambda pair: _or_infinite(pair[0].loss))
    if run.processes.is_first:
        save_network(folder / NETWORK, best.state_dict(), metadata(run.cfg))
    finite = isfinite(quality.loss)
    return vars(
        FineTuneRate(
            lr=lr,
            val_loss=quality.loss if finite else None,
            val_acc=quality.accuracy if finite else None,
            epochs=epochs,
        )
    )


def _or_infinite(loss: float) -> float:
    return loss if isfinite(loss) else inf
