"""A report of as many results as a large table has: its time, for some counts of files.

python -m benchmarks.many_results   # seconds of the processor, and how they grow
"""

import csv
import tempfile
import time
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

from reporting import DenseRow, FineTuneRate, LayerRow, PrunedRow, Results
from reporting.report import report

METHODS = ("scalegmn_eq", "magnitude", "magnitude_layer", "imp", "l1", "gmp", "snip", "random")
GAUGES = ("raw", "balanced")
SPARSITIES = (0.6, 0.7, 0.8, 0.9)
RATES = (1e-2, 1e-3, 1e-4)
WEIGHTS = {"features.0": 144, "features.3": 2304, "features.6": 2304, "fc": 160}
PROTOCOL: dict[str, Any] = {
    "data._target_": "datamodules.cifar10.CIFAR10",
    "data.batch_size": 256,
    "data.split_seed": 42,
    "finetune.lr": list(RATES),
    "finetune.max_epochs": 1000,
    "finetune.optimizer._target_": "torch.optim.Adam",
    "finetune.patience": 10,
    "fold_batch_norm": False,
    "matmul_precision": "highest",
    "prune_biases": False,
    "selection.min_per_layer": 0,
    "target.net._target_": "scalegmn.targets.SmallCNN",
    "target.net.width": 16,
    "trainer.precision": "32-true",
}
PREDICTORS = ("StatNN", "MLP", "GMN, forward", "ScaleGMN (scale), forward")


def write_many(folder: Path, count: int) -> None:
    """Write ``count`` files: pruned networks of three seeds and dense networks, and predictors."""
    draw = Random(0)
    predictors = count // 8
    kinds = product((False, True), range(3), range(1, 6), METHODS, GAUGES)
    for number, (saw, dense, seed, method, gauge) in zip(
        range(count - predictors), kinds, strict=False
    ):
        results = pruned(draw, method, gauge, seed, dense, saw)
        results.write(folder / f"{number:03}" / "results.json")
        _curve(draw, folder / f"{number:03}" / "metrics.csv")
    for number, (networks, seed, name) in zip(
        range(predictors), product((600, 1200, 2400, 4800), range(5), PREDICTORS), strict=False
    ):
        predictor(draw, name, seed, networks).write(folder / f"p{number:03}" / "results.json")


def pruned(
    draw: Random, method: str, gauge: str, seed: int, dense: int, saw_validation: bool
) -> Results:
    """Results of one run at four sparsities."""
    best = 0.57 + 0.01 * dense
    lost = 0.05 * (1 + METHODS.index(method)) / (2 if gauge == "balanced" else 1)
    rows = []
    for sparsity in SPARSITIES:
        kept = 1 - sparsity
        rows.append(
            PrunedRow(
                sparsity=sparsity,
                test_acc=best - lost * sparsity**2 + draw.gauss(0, 0.005),
                weight_sparsity=sparsity,
                parameter_sparsity=sparsity * 0.99,
                nonzero=round(4970 * (1 - 0.99 * sparsity)),
                val_acc=best - lost * sparsity**2,
                val_loss=1.2 + lost,
                test_acc_before_finetune=0.3 * kept,
                finetune_lr=draw.choice(RATES),
                finetune_epochs=40,
                finetune_rates=tuple(FineTuneRate(lr=lr, val_loss=1.3) for lr in RATES),
                layers=tuple(
                    LayerRow(name=name, weights=n, nonzero=_kept(gauge, name, n, kept))
                    for name, n in WEIGHTS.items()
                ),
                epochs_before_finetune=0 if method in ("magnitude", "snip", "random") else 300,
            )
        )
    own = {"optimizer.lr": 1e-3, "model.l1_weight": 1e-3} if method == "scalegmn_eq" else {}
    return Results(
        experiment="baseline",
        seed=seed,
        method=method,
        target="small_cnn",
        dataset="cifar10_gray",
        dense=DenseRow(
            test_acc=best,
            parameters=4970,
            saw_validation=saw_validation,
            hash=f"{dense}{saw_validation}",
        ),
        pruned=tuple(rows),
        wall_seconds=600 + 100 * draw.random(),
        peak_memory_mb=800 + 10 * draw.random(),
        device="cpu",
        config_hash=f"{method}{gauge}{seed}{dense}{saw_validation}",
        protocol=PROTOCOL | own | {"selection.gauge": gauge},
    )


def _kept(gauge: str, name: str, weights: int, kept: float) -> int:
    lost = gauge == "raw" and name == "fc" and kept < 0.15
    return 0 if lost else round(weights * kept)


def predictor(draw: Random, name: str, seed: int, networks: int) -> Results:
    """Results of one predictor."""
    tau = 0.7 + 0.03 * PREDICTORS.index(name) + 1e-5 * networks + draw.gauss(0, 0.003)
    metrics = {"kendall_tau": tau, "r2": tau, "mae": 0.02, "train_networks": networks}
    return Results(
        experiment="predict_small_cnn",
        seed=seed,
        predictor=name,
        dataset="zoo",
        label="val_accuracy",
        metrics=metrics | {"parameters": 1000},
        protocol={"optimizer.lr": 1e-3},
        wall_seconds=60.0,
        peak_memory_mb=500.0,
    )


def _curve(draw: Random, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "step", "lr", "train/loss", "val/accuracy", "val/loss"])
        for epoch in range(300):
            loss = 1.2 + 1 / (1 + epoch)
            writer.writerow([epoch, 176 * epoch, 1e-3, loss, 0.5, loss + draw.gauss(0, 0.01)])


def seconds(count: int) -> float:
    """Of the processor, for a report of ``count`` files."""
    with tempfile.TemporaryDirectory() as folder:
        write_many(Path(folder) / "runs", count)
        start = time.process_time()
        report([f"{folder}/runs"], f"{folder}/report")
        return time.process_time() - start


if __name__ == "__main__":
    seconds(8)  # imports and fonts
    few, many = seconds(125), seconds(500)
    print(f"125 files: {few:.1f} s, 500 files: {many:.1f} s, {many / few:.1f} x")
