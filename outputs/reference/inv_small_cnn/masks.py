"""What masks of invariant pruning are worth: python masks.py OUT.md LABEL=RUN ...

For each run and sparsity, before fine-tuning, on validation images: the accuracy of the method's
network; of the dense network in the balanced gauge under the method's mask; and of the same under
the mask of its magnitudes. Beside them, the share of the method's mask that is in that of
magnitudes. Runs of one label are averaged.
"""

import os
import sys
from collections import defaultdict
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from datamodules.cifar10 import CIFAR10
from reporting.grid import Grid, to_markdown
from reporting.mean_sd import MeanSd
from scalegmn.gauge import balancing
from scalegmn.graph import NetworkGraph
from scalegmn.pruning import Mask, magnitude, make_mask
from scalegmn.targets import SmallCNN

SPARSITIES = (0.6, 0.7, 0.8, 0.9)
COLUMNS = (
    "its network",
    "dense under its mask",
    "dense under magnitude's",
    "shared with magnitude",
)


def main() -> None:
    """Write the table OUT.md."""
    data = CIFAR10(data_dir=os.environ.get("SCALEGMN_DATA", "data"), gray="luma", in_channels=1)
    data.setup()
    x, y = data.full_batch("val")
    found = defaultdict(list)
    for label, _, folder in (argument.partition("=") for argument in sys.argv[2:]):
        for sparsity in SPARSITIES:
            found[label, sparsity].append(measured(Path(folder), sparsity, x, y))
    lines = []
    for (label, sparsity), values in found.items():
        means = [MeanSd.of(column) for column in zip(*values, strict=True)]
        shown = {name: mean.show() for name, mean in zip(COLUMNS, means, strict=True) if mean}
        about = {"method": label, "sparsity": f"{100 * sparsity:g} %", "n": str(len(values))}
        lines.append({**about, **shown})
    Path(sys.argv[1]).write_text(to_markdown(Grid.of(lines)) + "\n", encoding="utf-8")


@torch.no_grad()
def measured(folder: Path, sparsity: float, x: Tensor, y: Tensor) -> tuple[float, ...]:
    """The values of :data:`COLUMNS` for one run, as fractions."""
    net = SmallCNN()
    net.load_state_dict(load_file(folder / "dense.safetensors"))
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    net.load_state_dict(balancing(graph, net.state_dict(), order=1).on_parameters(net.state_dict()))
    tensors = load_file(folder / f"sparse_{100 * sparsity:g}.safetensors")
    masks = {name: t.bool() for name, t in tensors.items() if name.startswith("mask.")}
    own = Mask({name.removeprefix("mask."): keep for name, keep in masks.items()})
    usual = make_mask(magnitude(net), sparsity)
    shared = sum(int((keep & usual.keep[name]).sum()) for name, keep in own.keep.items())
    kept = sum(int(keep.sum()) for keep in own.keep.values())
    state = net.state_dict()
    networks = [{name: t for name, t in tensors.items() if name not in masks}]
    for mask in (own, usual):
        networks.append({n: t * mask.keep[n] if n in mask.keep else t for n, t in state.items()})
    logits = [torch.func.functional_call(net, params, (x,)) for params in networks]
    return *(float((out.argmax(1) == y).float().mean()) for out in logits), shared / kept


if __name__ == "__main__":
    main()
