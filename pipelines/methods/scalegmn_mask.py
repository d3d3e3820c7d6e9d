"""Train a metanetwork to score the weights, then prune the lowest scores."""

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial

from torch import nn

from lightning_modules.mask_pruner import MaskPruner
from pipelines.fit import epochs_done, fit_method
from pipelines.metadata import metadata
from pipelines.methods.candidate import Candidate
from pipelines.methods.module_check import check_takes_network
from pipelines.run import Run
from pipelines.stage import announced, once
from scalegmn.arguments import check_whole
from scalegmn.formats import load_tensors, save_network
from scalegmn.pruning import Allocation, make_mask
from scalegmn.pruning.score import prunable

FILE = "scores.safetensors"


class ScaleGMNMask:
    r"""Prune the weights with the lowest scores :math:`f_\varphi(G, \theta)` after training f.

    Args:
        name: of the method.
        module: makes the LightningModule that trains the metanetwork, given the network.
        allocate: how many entries each tensor keeps.
        min_per_layer: entries that each tensor keeps at least.
        prune_biases: must be false: there are no scores of biases.

    Raises:
        ValueError: if ``module`` cannot be called with a network, or an argument is wrong.
    """

    def __init__(
        self,
        *,
        name: str,
        module: Callable[..., MaskPruner],
        allocate: Allocation,
        min_per_layer: int = 0,
        prune_biases: bool = False,
    ) -> None:
        check_takes_network(module, name, "mask_pruner")
        check_whole("selection.min_per_layer", min_per_layer, least=0)
        if prune_biases:
            raise ValueError(f"prune_biases=true: pruner={name} scores weights only")
        self.name = name
        self.module = module
        self.allocate = allocate
        self.min_per_layer = min_per_layer

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        work, leaves = partial(self._fit, run, dense), [run.folder / FILE]
        epochs = once(run, run.folder / "scores.json", work, keys=["epochs"], leaves=leaves)
        scores = load_tensors(run.folder / FILE, prunable(dense))
        for sparsity in sparsities:
            mask = make_mask(
                scores, sparsity, allocate=self.allocate, min_per_layer=self.min_per_layer
            )
            yield Candidate(sparsity, dense, mask, epochs["epochs"])

    def _fit(self, run: Run, dense: nn.Module) -> dict[str, int]:
        """Train the metanetwork, and leave the scores of its best epoch."""
        epochs = run.cfg.trainer.max_epochs
        with announced(run.processes, f"scores: training for {epochs} epochs"):
            run.seed()
            module = self.module(deepcopy(dense))
            done = epochs_done(fit_method(run, module))
        if run.processes.is_first:
            about = {**metadata(run.cfg), "method": self.name}
            save_network(run.folder / FILE, module.scores(), about)
        run.processes.barrier()
        return {"epochs": done}
