"""Train many networks of one architecture at once."""

from scalegmn.stacked.early_stopping import EarlyStopping
from scalegmn.stacked.logits import StackedLogits, check_stackable
from scalegmn.stacked.measured import Measured, measure
from scalegmn.stacked.optimizers import ELEMENTWISE, check_elementwise
from scalegmn.stacked.training import Objective, StackedNetworks, cross_entropy

__all__ = [
    "ELEMENTWISE",
    "EarlyStopping",
    "Measured",
    "Objective",
    "StackedLogits",
    "StackedNetworks",
    "check_elementwise",
    "check_stackable",
    "cross_entropy",
    "measure",
]
