"""Build zoos: many small CNNs, trained at once."""

from scalegmn.zoo.builders.hyperparameters import Hyperparameters, Ranges
from scalegmn.zoo.builders.images import Dataset, ImageSplits, LabelledImages
from scalegmn.zoo.builders.pruned import PrunedZooBuilder
from scalegmn.zoo.builders.zoo import ZooBuilder
from scalegmn.zoo.record import ZooRecord

__all__ = [
    "Dataset",
    "Hyperparameters",
    "ImageSplits",
    "LabelledImages",
    "PrunedZooBuilder",
    "Ranges",
    "ZooBuilder",
    "ZooRecord",
]
