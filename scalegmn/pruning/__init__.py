"""Which parameters to prune, and keeping them pruned."""

from scalegmn.pruning.balanced import balanced_magnitude
from scalegmn.pruning.mask import Mask
from scalegmn.pruning.objective import l1
from scalegmn.pruning.scores import Score, magnitude, random
from scalegmn.pruning.selection import Selection, keep_top, keep_top_per_layer
from scalegmn.pruning.shuffled import keep_shuffled
from scalegmn.pruning.sparsity import SparsityCount

__all__ = [
    "Mask",
    "Score",
    "Selection",
    "SparsityCount",
    "balanced_magnitude",
    "keep_shuffled",
    "keep_top",
    "keep_top_per_layer",
    "l1",
    "magnitude",
    "random",
]
