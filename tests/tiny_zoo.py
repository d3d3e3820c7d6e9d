"""A zoo on random images, built in no time."""

import torch

from scalegmn.zoo.builders import (
    Dataset,
    ImageSplits,
    LabelledImages,
    PrunedZooBuilder,
    Ranges,
    ZooBuilder,
)


def noisy_images():
    """Images whose classes can be learnt: each has its brightness."""
    generator = torch.Generator().manual_seed(0)

    def split(n):
        y = torch.randint(10, (n,), generator=generator)
        x = torch.randn(n, 1, 15, 15, generator=generator) + 0.5 * y[:, None, None, None] - 2
        return LabelledImages(x, y)

    return ImageSplits(split(50), split(20), split(30))


def tiny_zoo(folder, **changes):
    options = {
        "networks": 6,
        "ranges": Ranges(train_fraction=(0.5, 1.0)),
        "epochs": 3,
        "checkpoints": (0, 1),
        "batch_size": 8,
    }
    return ZooBuilder(folder=folder, **{**options, **changes})


def tiny_pruned_zoo(base, folder, **changes):
    options = {
        "networks": 8,
        "base_step": "last",
        "activation": None,
        "sparsity": (0.0, 0.5),
        "epochs": 2,
        "checkpoints": (0, 1),
        "optimizer": "adam",
        "learning_rate": 1e-3,
        "train_fraction": 1.0,
        "batch_size": 8,
    }
    return PrunedZooBuilder(base=base, folder=folder, **{**options, **changes})


def build(builder, progress=lambda done, total: None):
    return builder.build(noisy_images(), dataset=Dataset("noise", 10), progress=progress)
