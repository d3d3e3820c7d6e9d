"""Step of invariant pruning beside its floor ("plain"): one pass of the functional, both ways."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import torch
from lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.harness import PLAIN, Case, main
from callbacks import RandomState, Rebalancing, SparsityMilestones, ThresholdWeights
from datamodules.steps import Steps
from lightning_modules.invariant_pruner import InvariantPruner
from scalegmn.graph import NetworkGraph
from scalegmn.nn import Architecture
from scalegmn.predictor import AccuracyPredictor, Metanetwork
from scalegmn.predictor.judge import Trusting
from scalegmn.targets import SmallCNN

STEPS = 100
CASES = [Case(f"width {d}", {"d": d}, 688, items=STEPS) for d in (16, 32)]


class NoImages(LightningDataModule):
    """No validation."""

    def val_dataloader(self) -> DataLoader:
        return DataLoader(TensorDataset(torch.zeros(0)))


def build(side: str, device: str, *, d: int, compiled: int = 0) -> Callable[[], None]:
    """A hundred steps through a Trainer with all callbacks of a run, or a hundred passes."""
    net = SmallCNN().to(device)
    graph = NetworkGraph.from_module(SmallCNN(), torch.zeros(1, 1, 32, 32))
    recipe = Metanetwork(Architecture(d=d, num_layers=4, skip=True, preserve_size=True))
    predictor = AccuracyPredictor(recipe, graph).to(device).eval().requires_grad_(False)
    params = dict(net.named_parameters())

    def passes() -> None:
        for _ in range(STEPS):
            net.zero_grad()
            predictor(graph, params).backward()

    if side == PLAIN:
        return passes
    optimizer = partial(torch.optim.AdamW, lr=1e-3, weight_decay=0.0)
    module = InvariantPruner(
        net, Trusting(predictor), image_shape=(1, 32, 32), l1_weight=1e-4, optimizer=optimizer
    )
    file = Path(mkdtemp()) / "sparse.safetensors"

    def fit() -> None:
        trainer = Trainer(
            accelerator="gpu" if device == "cuda" else "cpu",
            max_epochs=1,
            limit_val_batches=0,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[
                RandomState(),
                ThresholdWeights(1e-4),
                Rebalancing([1, 32, 32], every_n_steps=1000),
                SparsityMilestones({0.99: file}),
            ],
        )
        trainer.fit(module, datamodule=Steps(NoImages(), steps=STEPS))

    return fit


if __name__ == "__main__":
    main(build, CASES, repeats=3)
