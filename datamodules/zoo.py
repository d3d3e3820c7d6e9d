"""Small CNNs with their accuracies as data."""

import logging
from abc import abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import nn
from torch.utils.data import Dataset

from datamodules.batches import BatchIndices
from datamodules.declared import check_counts, check_declared
from datamodules.resident import ResidentDataModule
from scalegmn.arguments import check_whole
from scalegmn.graph import NetworkGraph
from scalegmn.targets import SmallCNN
from scalegmn.zoo import NetworkBatch, Networks, ZooFolder
from scalegmn.zoo.architecture import small_cnn, zoo_network
from scalegmn.zoo.folder import LAYOUT
from scalegmn.zoo.records import LABELS, Records, gather
from scalegmn.zoo.rescaling import RandomRescaling
from scalegmn.zoo.splits import SPLITS, Split

log = logging.getLogger(__name__)


class ZooDataModule(ResidentDataModule[Networks]):
    """Small CNNs with their accuracies, split into train, val and test.

    A subclass chooses the rows, of one zoo or several. They are read once, into one tensor per
    split on the trainer's device; a batch is one gather. Loaders yield a
    :class:`~scalegmn.zoo.batch.NetworkBatch`. Networks that hold NaN are dropped and counted, like
    those too large for metanetworks.

    Args:
        name: of the data set, for results and files.
        in_channels: channels of the images that the networks read; checked against the zoo.
        num_classes: outputs of each network; checked against the zoo.
        image_size: height and width of the images that the networks read, which a zoo's files do
            not tell; at least 15.
        width: channels of each network's convolutions; checked against the zoo.
        batch_size: networks per batch, over all processes.
        seed: of the order of training networks.
        activation: ``relu``, ``tanh``, or ``None`` for both.
        label: ``test_accuracy`` or ``val_accuracy``.
        rescale: a training network is seen, in each epoch, with other random factors up to this of
            its hidden units, which leave its function as it is; ``None`` for as it is.
        data_note: what a reader of the results should know about these networks.

    Attributes:
        dropped: number of networks that held NaN, infinity or too large values.

    Raises:
        ValueError: if a value is impossible; from ``setup``, if the networks are not as declared.
    """

    def __init__(
        self,
        *,
        name: str,
        in_channels: int,
        num_classes: int,
        image_size: int,
        width: int,
        batch_size: int,
        seed: int,
        activation: str | None,
        label: str,
        rescale: float | None,
        data_note: str | None,
    ) -> None:
        super().__init__(name=name, batch_size=batch_size, seed=seed)
        check_counts(in_channels=in_channels, num_classes=num_classes, width=width)
        check_whole("data.image_size", image_size, least=15)
        if label not in LABELS:
            raise ValueError(f"data.label={label!r}: expected {' or '.join(LABELS)}")
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.image_size = image_size
        self.width = width
        self.activation = activation
        self.label = label
        self.note = data_note
        self.dropped = 0
        net = self.network()  # refuses an unknown activation
        self.augmentation = None
        if rescale is not None:
            image = torch.zeros(1, in_channels, image_size, image_size)
            graph = NetworkGraph.from_module(net, image)
            self.augmentation = RandomRescaling(graph, rescale)

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
        return zoo_network(
            self.in_channels, self.num_classes, width=self.width, activation=self.activation
        )

    def check_network(self, net: nn.Module) -> None:
        """Check that a network has the names, shapes and activation of the zoo's networks.

        Raises:
            ValueError: naming what differs.
        """
        own = self.network()
        shapes, expected = (
            {n: list(p.shape) for n, p in x.state_dict().items()} for x in (net, own)
        )
        if shapes != expected:
            raise ValueError(
                f"{self.name} has networks with the parameters {expected}, and the one to read has "
                f"{shapes}: set target.net to the zoo's architecture"
            )
        activation = type(own.features[1])
        if not any(isinstance(module, activation) for module in net.modules()):
            raise ValueError(
                f"{self.name} has networks with {activation.__name__}, and the one to read has "
                "another activation: set both with data.activation"
            )

    def splits(self) -> dict[str, Networks]:
        records = self.records()
        self._check(records["train"][0].zoo)
        # First the rows of all splits: a mistake shall be found before gigabytes are read.
        chosen = {split: self._chosen(split, records[split]) for split in SPLITS}
        networks: dict[str, Networks] = {}
        for split in SPLITS:
            networks[split], dropped = gather(chosen[split], self.label)
            self.dropped += dropped
        if self.dropped:
            message = "%s: %d networks dropped, with NaN, infinity or values too large to read"
            log.warning(message, self.name, self.dropped)
        return networks

    def _check(self, zoo: ZooFolder) -> None:
        """Compare what the config declares with the zoo's layout."""
        weights = small_cnn(zoo.layout, zoo.path / LAYOUT).state_dict()
        width, in_channels = weights["features.0.weight"].shape[:2]
        for key, found in (
            ("in_channels", in_channels),
            ("num_classes", len(weights["fc.bias"])),
            ("width", width),
        ):
            check_declared(key, getattr(self, key), found, str(zoo.path))

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
        return NetworkBatches(content, self.augmentation if training else None)


class NetworkBatches(Dataset):
    """Batches of networks, gathered where they are.

    Args:
        networks: all networks of a split.
        augmentation: changes a batch, given a random number per network; ``None`` for none.
    """

    def __init__(self, networks: Networks, augmentation: RandomRescaling | None = None) -> None:
        self.networks = networks
        self.augmentation = augmentation

    def __len__(self) -> int:
        return len(self.networks)

    def __getitem__(self, indices: BatchIndices) -> NetworkBatch:
        batch = self.networks[indices.rows]
        return batch if self.augmentation is None else self.augmentation(batch, indices.noise)
