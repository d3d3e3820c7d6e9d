"""Masks of a network with many ties, bit by bit as they have always been."""

import hashlib
from functools import partial

import pytest
import torch

from scalegmn.pruning import (
    allocate_globally,
    allocate_uniformly,
    balanced,
    magnitude,
    make_mask,
    random,
)
from scalegmn.targets import SmallCNN

ALLOCATIONS = {"global": allocate_globally, "per layer": allocate_uniformly}
STORED = {
    ("magnitude", "global"): ("e85152bfa617508f", "cbf93a45b6eee12f"),
    ("magnitude", "per layer"): ("966f16b93c5c2679", "932f960c219c516b"),
    ("magnitude, biases", "global"): ("03801c3813d583f5", "3f8559ad6b142603"),
    ("magnitude, biases", "per layer"): ("36f055ffd467a4fd", "f878c7ce31f629e1"),
    ("random", "global"): ("c24495867a6a5fff", "8966eebf90cb03ba"),
    ("random", "per layer"): ("7dd9f75586239eaa", "7ec53362d0a21999"),
    ("balanced", "global"): ("88523887782152a4", "74b554a12cecda45"),
    ("balanced", "per layer"): ("9c72fde4c6c99b32", "6705d1656e07a242"),
}
SCORES = {
    "magnitude": magnitude,
    "magnitude, biases": partial(magnitude, prune_biases=True),
    "random": partial(random, seed=3),
    "balanced": lambda net: magnitude(balanced(net, torch.zeros(1, 1, 32, 32))),
}


@pytest.fixture
def net():
    net = SmallCNN()
    with torch.no_grad():
        for k, p in enumerate(net.parameters()):
            i = torch.arange(p.numel(), dtype=torch.float64)
            p.copy_(((i * 7919 + 104729 * k) % 1009 - 504).view(p.shape) / 504 / (k + 1))
    return net


def digest(mask):
    bits = torch.cat([keep.flatten() for keep in mask.keep.values()])
    return hashlib.sha256(bytes(bits.tolist())).hexdigest()[:16]


@pytest.mark.parametrize(("score", "allocation"), STORED)
def test_masks_stay_the_same(net, score, allocation):
    scores, allocate = SCORES[score](net), ALLOCATIONS[allocation]
    masks = [make_mask(scores, sparsity, allocate=allocate) for sparsity in (0.7, 0.9)]
    assert tuple(digest(mask) for mask in masks) == STORED[score, allocation]


def test_shuffled_masks_stay_the_same(net):
    mask = make_mask(magnitude(net), 0.7).shuffled(torch.Generator().manual_seed(5))
    assert digest(mask) == "43477a42efba80b3"
