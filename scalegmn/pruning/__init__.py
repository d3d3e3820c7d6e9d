"""Choose which parameters to prune: scores, allocations and masks."""

from scalegmn.pruning.allocation import Allocation, allocate_globally, allocate_uniformly
from scalegmn.pruning.balanced import balanced
from scalegmn.pruning.erk import allocate_erk
from scalegmn.pruning.freezing import freeze_gradients, freeze_moments
from scalegmn.pruning.gates import Gates, HardConcrete, TopK
from scalegmn.pruning.grasp import grasp
from scalegmn.pruning.lamp import lamp
from scalegmn.pruning.magnitude import magnitude
from scalegmn.pruning.mask import Mask
from scalegmn.pruning.masked_network import load_masked, save_masked
from scalegmn.pruning.nested import make_nested_mask
from scalegmn.pruning.objective import l1
from scalegmn.pruning.random import random
from scalegmn.pruning.schedule import cubic_sparsity, equal_rates
from scalegmn.pruning.score import Batches, Score
from scalegmn.pruning.selection import make_mask
from scalegmn.pruning.snip import snip
from scalegmn.pruning.sparsity import SparsityCount, parameters_in

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
    "allocate_uniformly",
    "balanced",
    "grasp",
    "lamp",
    "cubic_sparsity",
    "equal_rates",
    "freeze_gradients",
    "freeze_moments",
    "l1",
    "load_masked",
    "magnitude",
    "make_mask",
    "make_nested_mask",
    "random",
    "save_masked",
    "snip",
    "parameters_in",
]
