"""A zoo whose networks are replaced by equal ones: python regauge.py FROM TO random|balanced.

Every hidden unit of every ReLU network is rescaled: by its own random factor, log-uniform from 1/4
to 4, or such that the network's sum of squared parameters is least. No network's function changes,
and so no accuracy. What a predictor loses by this, it had read off the sizes that training happens
to leave weights with; balanced ones are a function of what does not change.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import torch

from scalegmn.formats import from_zoo_row, to_zoo_row
from scalegmn.formats.zoo_row import layer_names
from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.symmetry import PermScale
from scalegmn.targets import SmallCNN


def main() -> None:
    """Write the folder TO."""
    source, target, how = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    generator = torch.Generator().manual_seed(0)
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    layers, nodes = layer_names(dict(net.named_parameters())), torch.arange(graph.num_nodes)
    rows = []
    for row in torch.from_numpy(np.load(source / "weights.npy")).double():
        params = from_zoo_row(row, layers)
        if how == "balanced":
            g = balancing(graph, params, tolerance=1e-4)
        else:
            scale = PermScale.sample(graph, spread=4.0, generator=generator).scale
            g = PermScale(graph, nodes, scale)
        new = g.on_parameters(params)
        rows.append(to_zoo_row({name: new[name] for name in net.state_dict()}).float())
    target.mkdir(parents=True)
    np.save(target / "weights.npy", torch.stack(rows).numpy())
    for name in ("metrics.csv.gz", "layout.csv"):
        shutil.copy(source / name, target / name)


if __name__ == "__main__":
    main()
