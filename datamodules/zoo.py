"""Networks as data."""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence

from torch import nn
from torch.utils.data import Dataset

from datamodules.batches import Picked
from datamodules.resident import ResidentDataModule
from scalegmn.targets import SmallCNN
from scalegmn.zoo import NetworkBatch, Networks
from scalegmn.zoo.architecture import small_cnn
from scalegmn.zoo.folder import LAYOUT
from scalegmn.zoo.records import Records, gather
from scalegmn.zoo.splits import SPLITS, Split

log = logging.getLogger(__name__)

HIDDEN: dict[str | None, type[nn.Module]] = {None: nn.ReLU, "relu": nn.ReLU, "tanh": nn.Tanh}


class ZooDataModule(ResidentDataModule[Networks]):
    """Small CNNs with their accuracies, split into train, val and test.

    A subclass says which rows of which zoos they are. They are read once, into one tensor per
    split on the trainer's device; a batch is one gather. Loaders yield a
    :class:`~scalegmn.zoo.batch.NetworkBatch`. Networks that hold NaN are dropped and counted.

    Args:
        batch_size: networks per batch, over all processes.
        seed: of the order of training networks.
        activation: ``relu``, ``tanh``, or ``None`` for both.
        label: ``test_accuracy`` or ``val_accuracy``.
        data_note: what a reader of the results should know about these networks.

    Raises:
        ValueError: if ``activation`` or ``label`` is unknown.
    """

    name: str
    image_size = 32

    def __init__(
        self,
        *,
        batch_size: int,
        seed: int,
        activation: str | None,
        label: str,
        data_note: str | None,
    ) -> None:
        super().__init__(batch_size=batch_size, seed=seed)
        if activation not in HIDDEN:
            raise ValueError(f"data.activation={activation!r}: expected relu, tanh or null (both)")
        if label not in ("test_accuracy", "val_accuracy"):
            raise ValueError(f"data.label={label!r}: expected test_accuracy or val_accuracy")
        self.activation = activation
        self.label = label
        self.note = data_note
        self.dropped = 0
        self._network: SmallCNN | None = None

    @abstractmethod
    def records(self) -> Mapping[Split, Sequence[Records]]:
        """The rows of each split, not read yet."""

    @property
    @abstractmethod
    def split(self) -> dict[str, str]:
        """The folder of the zoo that is split (``zoo``), and how (``by``).

        Who learnt from one split of a zoo must not be tested on another.
        """

    @property
    def data_note(self) -> str | None:
        by = self.split["by"]
        split = None if by.endswith(".csv") else f"split by {by}"
        return ", ".join(filter(None, [self.note, split])) or None

    def network(self) -> SmallCNN:
        """A network of the zoo's architecture, with the zoo's activation (ReLU where it has both).

        Its graph is that of every network in a batch.
        """
        assert self._network is not None, "the zoo has not been read: call setup"
        return self._network

    @property
    def in_channels(self) -> int:
        return self.network().state_dict()["features.0.weight"].shape[1]

    @property
    def num_classes(self) -> int:
        return self.network().fc.out_features

    def splits(self) -> dict[str, Networks]:
        records = self.records()
        zoo = records["train"][0].zoo
        self._network = small_cnn(zoo.layout, zoo.path / LAYOUT, HIDDEN[self.activation])
        # First the rows of all splits: a mistake shall be found before gigabytes are read.
        chosen = {split: self._chosen(split, records[split]) for split in SPLITS}
        networks: dict[str, Networks] = {}
        for split in SPLITS:
            networks[split], dropped = gather(chosen[split], self.label)
            self.dropped += dropped
        if self.dropped:
            log.warning("%s: %d networks with NaN dropped", self.name, self.dropped)
        return networks

    def _chosen(self, split: Split, parts: Sequence[Records]) -> list[Records]:
        """Filtered by activation, the last step of choosing."""
        chosen = [part.with_activation(self.activation) for part in parts]
        if not sum(map(len, chosen)):
            raise ValueError(
                f"{parts[0].zoo.path}: data.activation={self.activation or 'null'} leaves none of "
                f"{sum(map(len, parts))} networks in the {split} split"
            )
        return chosen

    def batches(self, content: Networks, *, training: bool) -> "NetworkBatches":
        return NetworkBatches(content)


class NetworkBatches(Dataset):
    """Batches of networks, gathered where they are.

    Args:
        networks: all networks of a split.
    """

    def __init__(self, networks: Networks) -> None:
        self.networks = networks

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, picked: Picked) -> NetworkBatch:
        return self.networks[picked.rows]
