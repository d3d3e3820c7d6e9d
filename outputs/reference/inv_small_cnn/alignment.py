"""Whether predictors know what to change: python alignment.py OUT.md LABEL=PREDICTOR,NETWORK ...

For each network, in the balanced gauge and with respect to all parameters: the cosine of the
gradient of a predictor's f and that of the negative cross-entropy of 5,000 validation images; and
the cosine of the negative cross-entropies of these and of 5,000 training images, which is what
images tell. Labels that are given several times are averaged. Two random directions have a cosine
with a mean of 0 and a standard deviation of one by the root of the number of parameters.
"""

import os
import sys
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from datamodules.cifar10 import CIFAR10
from reporting.grid import Grid, to_markdown
from reporting.mean_sd import MeanSd
from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.predictor import load_predictor
from scalegmn.targets import SmallCNN

IMAGES = 5000


def main() -> None:
    """Write the table OUT.md."""
    data = CIFAR10(data_dir=os.environ.get("SCALEGMN_DATA", "data"), gray="luma", in_channels=1)
    data.setup()
    images = {s: tuple(t[:IMAGES] for t in data.full_batch(s)) for s in ("train", "val")}
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    found = defaultdict(list)
    for argument in sys.argv[2:]:
        label, _, files = argument.partition("=")
        predictor, network = map(Path, files.split(","))
        state = {n: t for n, t in load_file(network).items() if not n.startswith("mask.")}
        params = balancing(graph, state, order=1).on_parameters(state)
        params = {name: p.float().requires_grad_() for name, p in params.items()}
        f = gradient(load_predictor(predictor).eval()(graph, params), params)
        val, train = (-gradient(loss(net, params, *images[s]), params) for s in ("val", "train"))
        found[label].append((cosine(f, val), cosine(train, val)))
    lines = []
    for label, cosines in found.items():
        predicted, imaged = (MeanSd.of(column) for column in zip(*cosines, strict=True))
        assert predicted and imaged
        shown = {"f": predicted.show("+.4f", 1.0), "training images": imaged.show("+.4f", 1.0)}
        lines.append({"predictor and networks": label, **shown, "n": str(predicted.n)})
    Path(sys.argv[1]).write_text(to_markdown(Grid.of(lines)) + "\n", encoding="utf-8")


def loss(net: SmallCNN, params: dict[str, Tensor], x: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of a network with other parameters than its own."""
    return F.cross_entropy(torch.func.functional_call(net, params, (x,)), y)


def gradient(value: Tensor, params: dict[str, Tensor]) -> Tensor:
    """Of all parameters, in one vector."""
    found = torch.autograd.grad(value.sum(), list(params.values()))
    return torch.cat([part.flatten() for part in found])


def cosine(a: Tensor, b: Tensor) -> float:
    """Of the angle between two vectors."""
    return F.cosine_similarity(a.double(), b.double(), dim=0).item()


if __name__ == "__main__":
    main()
