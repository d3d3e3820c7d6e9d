"""The parts of a scale-equivariant graph metanetwork."""

from scalegmn.nn.architecture import Architecture
from scalegmn.nn.direction import Bidirectional, BidirectionalInverse, Forward
from scalegmn.nn.io_branch import GatedIO, PlainIO
from scalegmn.nn.kinds import Broken, Hetero, Permutation, Scale, Sign
from scalegmn.nn.message import Message, NodeState
from scalegmn.nn.message_spec import MessageSpec
from scalegmn.nn.rescale_eq import ReScaleEq
from scalegmn.nn.scale_eq import ScaleEq
from scalegmn.nn.scale_inv import ScaleInv
from scalegmn.nn.unit import unit

__all__ = [
    "Architecture",
    "Bidirectional",
    "BidirectionalInverse",
    "Broken",
    "Forward",
    "GatedIO",
    "Hetero",
    "Message",
    "MessageSpec",
    "NodeState",
    "Permutation",
    "PlainIO",
    "ReScaleEq",
    "Scale",
    "ScaleEq",
    "ScaleInv",
    "Sign",
    "unit",
]
