"""The Small CNN Zoo: its files, its splits, and batches of its networks."""

from scalegmn.zoo.architecture import zoo_network
from scalegmn.zoo.batch import NetworkBatch
from scalegmn.zoo.folder import ZooFolder
from scalegmn.zoo.networks import Networks

__all__ = ["NetworkBatch", "Networks", "ZooFolder", "zoo_network"]
