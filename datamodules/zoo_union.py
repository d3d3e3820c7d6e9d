"""A zoo and its pruned copies as one data set."""

from datamodules.names import name_from
from datamodules.pruned_zoo import PrunedZoo
from datamodules.zoo import ZooDataModule
from scalegmn.zoo.records import Records
from scalegmn.zoo.splits import Split


class ZooUnion(ZooDataModule):
    """The networks of a zoo, and those that were pruned from it, in the same splits.

    Args:
        pruned: the pruned zoo, with its base.
        name: of the data set; ``None`` for one made of both folders and the activation.
        in_channels: see :class:`~datamodules.zoo.ZooDataModule`.
        num_classes: see :class:`~datamodules.zoo.ZooDataModule`.
        image_size: see :class:`~datamodules.zoo.ZooDataModule`.
        width: see :class:`~datamodules.zoo.ZooDataModule`.
        activation: see :class:`~datamodules.zoo.ZooDataModule`; that of the parts does not matter.
        label: see :class:`~datamodules.zoo.ZooDataModule`.
        batch_size: see :class:`~datamodules.zoo.ZooDataModule`.
        seed: see :class:`~datamodules.zoo.ZooDataModule`.
        rescale: see :class:`~datamodules.zoo.ZooDataModule`.
        data_note: see :class:`~datamodules.zoo.ZooDataModule`.
    """

    def __init__(
        self,
        *,
        pruned: PrunedZoo,
        name: str | None = None,
        in_channels: int = 1,
        num_classes: int = 10,
        image_size: int = 32,
        width: int = 16,
        activation: str | None = None,
        label: str = "val_accuracy",
        batch_size: int = 64,
        seed: int = 42,
        rescale: float | None = None,
        data_note: str | None = None,
    ) -> None:
        folders = pruned.base.folder, "and", pruned.folder
        super().__init__(
            name=name or name_from(*folders, activation),
            in_channels=in_channels,
            num_classes=num_classes,
            image_size=image_size,
            width=width,
            batch_size=batch_size,
            seed=seed,
            activation=activation,
            label=label,
            rescale=rescale,
            data_note=data_note,
        )
        self.pruned = pruned

    @property
    def split(self) -> dict[str, str]:
        return self.pruned.split

    def records(self) -> dict[Split, list[Records]]:
        base = self.pruned.open_base()
        before, after = self.pruned.base.records_of(base), self.pruned.records_of(base)
        return {split: before[split] + after[split] for split in before}
