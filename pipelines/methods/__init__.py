"""Pruning methods: generators of candidates."""

from pipelines.methods.candidate import Candidate, Method
from pipelines.methods.one_shot import OneShot
from pipelines.methods.scalegmn_eq import ScaleGMNEq
from pipelines.methods.scalegmn_mask import ScaleGMNMask
from pipelines.methods.shuffled import Shuffled

__all__ = ["Candidate", "Method", "OneShot", "ScaleGMNEq", "ScaleGMNMask", "Shuffled"]
