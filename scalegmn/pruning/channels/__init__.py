"""Choose whole channels to prune."""

from scalegmn.pruning.channels.budget import Budget, count_channels, count_macs
from scalegmn.pruning.channels.norms import (
    ChannelNorm,
    all_edges,
    filters,
    group_lasso,
    l1_and_groups,
)
from scalegmn.pruning.channels.ranking import Ranking, by_norm_per_saving, by_relative_norm
from scalegmn.pruning.channels.selection import ChannelSelection

__all__ = [
    "Budget",
    "ChannelNorm",
    "ChannelSelection",
    "Ranking",
    "all_edges",
    "by_norm_per_saving",
    "by_relative_norm",
    "count_channels",
    "count_macs",
    "filters",
    "group_lasso",
    "l1_and_groups",
]
