"""Folders in the official layout of the Small CNN Zoo, with random networks."""

import numpy as np
import pandas as pd

from scalegmn.formats.layout import SMALL_CNN

OFFICIAL_STEPS = (0, 1, 2, 3, 20, 40, 60, 80, 86)


def metrics_of(runs, steps=OFFICIAL_STEPS):
    """The table of a zoo, grouped by run: relu and tanh drawn at random, accuracies too."""
    rng = np.random.default_rng(0)
    n = runs * len(steps)
    return pd.DataFrame(
        {
            "config.activation": np.repeat(rng.choice(["relu", "tanh"], runs), len(steps)),
            "config.optimizer": "adam",
            "modeldir": np.repeat([f"/zoo/run_{run}" for run in range(runs)], len(steps)),
            "step": np.tile(steps, runs),
            "test_accuracy": rng.uniform(size=n).round(6),
            "val_accuracy": rng.uniform(size=n).round(6),
        }
    )


def write_zoo(folder, metrics, weights=None):
    """A zoo with this table; of random weights, the first tells the row."""
    folder.mkdir(parents=True, exist_ok=True)
    if weights is None:
        weights = np.random.default_rng(1).normal(size=(len(metrics), 4970)).astype(np.float32)
        weights[:, 0] = np.arange(len(metrics))
    np.save(folder / "weights.npy", weights)
    metrics.to_csv(folder / "metrics.csv.gz", index=False)
    write_layout(folder)
    return folder


def write_layout(folder):
    lines, start = ["varname,start_idx,end_idx,size,shape"], 0
    for v in SMALL_CNN:
        lines.append(f'{v.layer}/{v.kind}:0,{start},{start + v.size},{v.size},"{v.shape}"')
        start += v.size
    (folder / "layout.csv").write_text("\n".join(lines) + "\n")


def write_split(file, rows, seed=0):
    """A split file as published, with the stray line; returns the order."""
    order = np.random.default_rng(seed).permutation(rows)
    file.write_text("0\n" + "".join(f"{row}\n" for row in order))
    return order
