"""Pruning methods: generators of candidates."""

from pipelines.methods.candidate import Candidate, Method, NetworkPruner
from pipelines.methods.gmp import GMP
from pipelines.methods.imp import IMP
from pipelines.methods.imp_rewind import IMPRewind
from pipelines.methods.l1 import L1
from pipelines.methods.one_shot import OneShot
from pipelines.methods.scalegmn_eq import ScaleGMNEq
from pipelines.methods.scalegmn_inv import ScaleGMNInv
from pipelines.methods.scalegmn_mask import ScaleGMNMask
from pipelines.methods.shuffled import Shuffled
from pipelines.methods.torch_pruning import TorchPruning

__all__ = [
    "GMP",
    "IMP",
    "IMPRewind",
    "L1",
    "Candidate",
    "Method",
    "NetworkPruner",
    "OneShot",
    "ScaleGMNEq",
    "ScaleGMNInv",
    "ScaleGMNMask",
    "Shuffled",
    "TorchPruning",
]
