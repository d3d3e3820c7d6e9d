"""Prune and train in rounds, each a stage of its own."""

import shutil
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path

from torch import nn

from pipelines.methods.one_shot import OneShot
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.pruning import Mask, load_masked, save_masked

PRUNED = "pruned.safetensors"
TRAINED = "trained.safetensors"

Train = Callable[[nn.Module, Mask, Path], int]
"""Trains a pruned network in place, under its mask, in a folder; returns the epochs it took."""


def prune_in_rounds(
    run: Run,
    net: nn.Module,
    sparsities: Sequence[float],
    *,
    prune: OneShot,
    train: Train,
    folder: Path,
) -> tuple[nn.Module, Mask | None, int]:
    """Prune a network among what is left of it, train what is left, and repeat.

    Masks are nested: what is pruned never comes back. Each round leaves ``trained.safetensors`` and
    ``round.json`` in a folder of its own, and is not repeated when the run is resumed.

    Args:
        run: gives the training images.
        net: the network to begin with; it is not changed.
        sparsities: after each round, ascending.
        prune: chooses what goes.
        train: trains what is left.
        folder: gets a folder for each round.

    Returns:
        The trained network, its mask (``None`` after no rounds), and the epochs of all rounds.
    """
    mask, epochs = None, 0
    for number, sparsity in enumerate(sparsities, 1):
        stage = folder / f"round_{number}"
        plan = f"{folder.name}, round {number}: training at {100 * sparsity:.3g} %"
        with announced(run.processes, plan):
            work = partial(_round, run, net, mask, sparsity, prune, train, stage)
            file, leaves = stage / "round.json", [stage / TRAINED]
            epochs += once(run, file, work, keys=["epochs"], leaves=leaves)["epochs"]
        if run.processes.is_first:
            shutil.rmtree(stage / "checkpoints", ignore_errors=True)
            (stage / PRUNED).unlink(missing_ok=True)
        net = deepcopy(net)
        mask = load_masked(stage / TRAINED, net)
    return net, mask, epochs


def _round(
    run: Run,
    net: nn.Module,
    mask: Mask | None,
    sparsity: float,
    prune: OneShot,
    train: Train,
    folder: Path,
) -> dict[str, int]:
    file = folder / PRUNED
    if not run.processes.broadcast(file.exists()):
        (candidate,) = prune.prune(run, net, [sparsity], within=mask)
        if run.processes.is_first:
            run.claim()
            save_masked(file, net, candidate.mask)
        run.processes.barrier()
    # The same in every session and on every process.
    net = deepcopy(net).requires_grad_(True)
    mask = load_masked(file, net)
    epochs = train(net, mask, folder)
    if run.processes.is_first:
        save_masked(folder / TRAINED, net, mask)
    run.processes.barrier()
    return {"epochs": epochs}
