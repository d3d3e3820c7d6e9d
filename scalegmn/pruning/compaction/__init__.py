"""Remove dead channels from a network."""

from scalegmn.pruning.compaction.compact import compact
from scalegmn.pruning.compaction.shrunk import Shrunk, shrink
from scalegmn.pruning.compaction.sizes import changed_sizes, resize

__all__ = ["Shrunk", "changed_sizes", "compact", "resize", "shrink"]
