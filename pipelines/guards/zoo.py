"""The networks of a zoo that a guard reads."""

from typing import Any

import torch
from lightning import LightningDataModule

from scalegmn.zoo import NetworkBatch, Networks


def zoo_networks(zoo: LightningDataModule) -> NetworkBatch:
    """All networks of a zoo that predictors may learn from.

    Raises:
        FileNotFoundError: if the zoo is not there.
        ValueError: if it is not as declared.
    """
    zoo.setup("fit")
    networks: Networks = training_networks(zoo)
    return networks[torch.arange(len(networks))]


def training_networks(zoo: Any) -> Networks:
    """The content of a zoo's training split, after its ``setup``."""
    return zoo.train_dataloader().dataset.networks
