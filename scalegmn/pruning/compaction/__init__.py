"""Remove dead channels from a network."""

from scalegmn.pruning.compaction.compact import compact

__all__ = ["compact"]
