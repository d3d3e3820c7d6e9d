"""A zoo whose networks are replaced by equal ones: python regauge.py FROM TO [SPREAD].

Every hidden unit of every ReLU network is rescaled by its own random factor, log-uniform from
1/SPREAD to SPREAD. No network's function changes, and so no accuracy: what a predictor loses by
this, it had read off the sizes that training happens to leave weights with.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import torch

from scalegmn.formats import from_zoo_row, to_zoo_row
from scalegmn.formats.zoo_row import layer_names
from scalegmn.graph import NetworkGraph
from scalegmn.symmetry import PermScale
from scalegmn.targets import SmallCNN


def main() -> None:
    """Write the folder TO."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    spread = float(sys.argv[3]) if len(sys.argv) > 3 else 4.0
    generator = torch.Generator().manual_seed(0)
    net = SmallCNN()
    graph, layers = (
        NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32)),
        layer_names(dict(net.named_parameters())),
    )
    rows = []
    for row in torch.from_numpy(np.load(source / "weights.npy")).double():
        g = PermScale.sample(graph, spread=spread, generator=generator)
        moved = PermScale(graph, torch.arange(graph.num_nodes), g.scale)
        new = moved.on_parameters(from_zoo_row(row, layers))
        rows.append(to_zoo_row({name: new[name] for name in net.state_dict()}).float())
    target.mkdir(parents=True)
    np.save(target / "weights.npy", torch.stack(rows).numpy())
    for name in ("metrics.csv.gz", "layout.csv"):
        shutil.copy(source / name, target / name)


if __name__ == "__main__":
    main()
