"""Training the networks of a zoo: an epoch of several, at once or one after the other.

Both sides evaluate each network on validation and test images afterwards. Times are per network.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.harness import PLAIN, Case, main
from scalegmn.allocator import keep_freed_memory
from scalegmn.formats import from_zoo_row
from scalegmn.targets import SmallCNN
from scalegmn.zoo.builders import Hyperparameters, ImageSplits, LabelledImages, Ranges
from scalegmn.zoo.builders.initial import initial_row
from scalegmn.zoo.builders.stacked_cnn import small_cnn_layout
from scalegmn.zoo.builders.training import StackedTraining

LAYERS = ("features.0", "features.3", "features.6", "fc")
LAYOUT = small_cnn_layout(1, 10)
IMAGES = 2048
RANGES = Ranges(train_fraction=[1.0], optimizer=["adam"], dropout=[0.1, 0.5])

CASES = [
    Case(
        f"{networks} networks, {together} at once, batch {batch}, {activation}",
        {"networks": networks, "together": together, "batch": batch, "tanh": activation == "tanh"},
        edges=688 * networks,
        items=networks,
    )
    for networks, together, batch, activation in [
        (4, 1, 128, "relu"),
        (4, 1, 128, "tanh"),
        (4, 1, 512, "relu"),
        (4, 4, 128, "relu"),
    ]
]


def build(
    side: str, device: str, *, networks: int, together: int, batch: int, tanh: int
) -> Callable[[], None]:
    """A step that trains all networks of a case."""
    images = ImageSplits(_random(IMAGES), _random(512), _random(1024)).to(device)
    ranges = replace(RANGES, activation=["tanh" if tanh else "relu"])
    hyper = [ranges.draw(0, number) for number in range(networks)]
    rows = torch.stack(
        [initial_row(LAYOUT, h.w_init, std=h.init_std, generator=torch.Generator()) for h in hyper]
    )
    if side == PLAIN:

        def plain_step() -> None:
            for h, row in zip(hyper, rows, strict=True):
                _train_plainly(h, row.to(device), images, batch)

        return plain_step
    keep_freed_memory()
    training = StackedTraining(images, LAYOUT, batch, [1])

    def step() -> None:
        for start in range(0, networks, together):
            some = slice(start, start + together)
            training.run(hyper[some], rows[some])

    return step


def _train_plainly(h: Hyperparameters, row: torch.Tensor, images: ImageSplits, batch: int) -> None:
    """A module, an optimizer of PyTorch, a loop."""
    activation = nn.Tanh if h.activation == "tanh" else nn.ReLU
    net = SmallCNN(activation=activation, dropout=h.dropout).to(row.device)
    net.load_state_dict(from_zoo_row(row, LAYERS))
    kernels = [p for p in net.parameters() if p.ndim > 1]
    biases = [p for p in net.parameters() if p.ndim == 1]
    groups: list[dict[str, Any]] = [
        {"params": kernels, "weight_decay": 2 * h.l2reg},
        {"params": biases},
    ]
    optimizer = torch.optim.Adam(groups, h.learning_rate)
    train = images.train
    for index in torch.randperm(len(train), device=row.device).split(batch)[: len(train) // batch]:
        loss = F.cross_entropy(net(train.x[index]), train.y[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        for split in (images.train, images.val, images.test):
            for x, y in zip(split.x.split(batch), split.y.split(batch), strict=True):
                logits = net(x)
                (logits.argmax(1) == y).sum()
                F.cross_entropy(logits, y)


def _random(n: int) -> LabelledImages:
    return LabelledImages(torch.randn(n, 1, 32, 32), torch.randint(10, (n,)))


if __name__ == "__main__":
    main(build, CASES, repeats=2)
