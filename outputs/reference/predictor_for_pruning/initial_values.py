"""Whether predictors tell networks apart before training: python initial_values.py ZOO OUT.md.

The standard deviation of the logit over the networks of a zoo's last epoch, of three seeds. A GMN
has no ``preserve_size``: the same idea there is to let all linear maps of its layers keep norms,
and to begin with biases of zero.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from reporting.grid import Grid, to_markdown
from scalegmn.formats import from_zoo_row
from scalegmn.formats.zoo_row import layer_names
from scalegmn.graph import NetworkGraph
from scalegmn.metanetwork import Functional
from scalegmn.nn import Architecture
from scalegmn.nn.kinds import Permutation, Scale
from scalegmn.nn.mlp import MLP
from scalegmn.nn.preserve_size import keep_norm
from scalegmn.readout import last_layer
from scalegmn.targets import SmallCNN

SEEDS = range(3)


def main() -> None:
    """Write the table."""
    zoo, out = map(Path, sys.argv[1:])
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    layers = layer_names(dict(net.named_parameters()))
    step = pd.read_csv(zoo / "metrics.csv.gz")["step"]
    rows = torch.from_numpy(np.load(zoo / "weights.npy")[(step == step.max()).to_numpy()])
    networks = [from_zoo_row(row.float(), layers) for row in rows]
    params = {name: torch.stack([p[name] for p in networks]) for name in networks[0]}
    lines = []
    for name, kind, preserve, d in (
        ("ScaleGMN", Scale(), False, 16),
        ("ScaleGMN, preserve_size", Scale(), True, 16),
        ("GMN", Permutation(), False, 20),
        ("GMN, maps that keep norms", Permutation(), True, 20),
    ):
        arch = Architecture(kind=kind, d=d, skip=True, preserve_size=preserve)
        spread = []
        for seed in SEEDS:
            torch.manual_seed(seed)
            reader = Functional(graph, arch, readout=last_layer)
            if preserve and isinstance(kind, Permutation):
                keep_norms_(reader.gnn.layers)
            with torch.no_grad():
                spread.append(float(reader(graph, params).std()))
        count = sum(p.numel() for p in reader.parameters())
        shown = {f"seed {seed}": f"{value:.4f}" for seed, value in zip(SEEDS, spread, strict=True)}
        lines.append({"reader": name, "parameters": f"{count:,}", **shown})
    out.write_text(to_markdown(Grid.of(lines)) + "\n", encoding="utf-8")


@torch.no_grad()
def keep_norms_(layers: nn.Module) -> None:
    """Let all linear maps of a GMN keep norms on average, without biases."""
    for mlp in (part for part in layers.modules() if isinstance(part, MLP)):
        keep_norm(mlp.last)
        for weight in mlp.weights:
            nn.init.normal_(weight, std=weight.shape[0] ** -0.5)
        nn.init.zeros_(mlp.last.bias)
        nn.init.zeros_(mlp.bias)


if __name__ == "__main__":
    main()
