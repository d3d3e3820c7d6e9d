"""Choose which parameters to prune: scores, allocations and masks."""

from scalegmn.pruning.allocation import Allocation, allocate_globally, allocate_per_layer
from scalegmn.pruning.balanced import balanced
from scalegmn.pruning.erk import allocate_erk
from scalegmn.pruning.gates import Gates, HardConcrete, TopK
from scalegmn.pruning.grasp import grasp
from scalegmn.pruning.lamp import lamp
from scalegmn.pruning.magnitude import magnitude
from scalegmn.pruning.mask import Mask
from scalegmn.pruning.objective import l1
from scalegmn.pruning.random import random
from scalegmn.pruning.score import Batches, Score
from scalegmn.pruning.selection import make_mask
from scalegmn.pruning.snip import snip
from scalegmn.pruning.sparsity import SparsityCount

__all__ = [
    "Allocation",
    "Batches",
    "Gates",
    "HardConcrete",
    "Mask",
    "Score",
    "SparsityCount",
    "allocate_erk",
    "TopK",
    "allocate_globally",
    "allocate_per_layer",
    "balanced",
    "grasp",
    "l1",
    "lamp",
    "magnitude",
    "make_mask",
    "random",
    "snip",
]
