"""The kinds of symmetry that a metanetwork can have."""

from scalegmn.nn.kinds.broken import Broken
from scalegmn.nn.kinds.hetero import Hetero
from scalegmn.nn.kinds.permutation import Permutation
from scalegmn.nn.kinds.scale import Scale
from scalegmn.nn.kinds.sign import Sign
from scalegmn.nn.kinds.symmetry import GaugeKind, Kind

__all__ = ["Broken", "GaugeKind", "Hetero", "Kind", "Permutation", "Scale", "Sign"]
