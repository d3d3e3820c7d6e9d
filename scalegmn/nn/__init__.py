"""The parts of a scale-equivariant graph metanetwork."""

from scalegmn.nn.architecture import Architecture
from scalegmn.nn.direction import Bidirectional, BidirectionalInverse, Forward
from scalegmn.nn.io_branch import GatedIO, PlainIO
from scalegmn.nn.kinds import Hetero, Permutation, Scale, Sign
from scalegmn.nn.unit import unit

__all__ = [
    "Architecture",
    "Bidirectional",
    "BidirectionalInverse",
    "Forward",
    "GatedIO",
    "Hetero",
    "Permutation",
    "PlainIO",
    "Scale",
    "Sign",
    "unit",
]
