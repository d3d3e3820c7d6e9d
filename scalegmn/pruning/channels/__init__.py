"""Choose whole channels to prune."""

from scalegmn.pruning.channels.budget import Budget, count_channels, count_macs
from scalegmn.pruning.channels.norms import ChannelNorm, all_edges, filters, group_lasso
from scalegmn.pruning.channels.selection import ChannelSelection

__all__ = [
    "Budget",
    "ChannelNorm",
    "ChannelSelection",
    "all_edges",
    "count_channels",
    "count_macs",
    "filters",
    "group_lasso",
]
