"""A zoo and its pruned copies together."""

from datamodules.pruned_zoo import PrunedZoo
from datamodules.zoo import ZooDataModule
from scalegmn.zoo.records import Records
from scalegmn.zoo.splits import Split


class ZooUnion(ZooDataModule):
    """The networks of a zoo, and those that were pruned from it, in the same splits.

    Args:
        pruned: the pruned zoo, which knows its base.
        activation: see :class:`~datamodules.zoo.ZooDataModule`, like the rest; those of the parts
            do not matter.
        label: likewise.
        batch_size: likewise.
        seed: likewise.
        data_note: likewise.
    """

    def __init__(
        self,
        *,
        pruned: PrunedZoo,
        activation: str | None = None,
        label: str = "val_accuracy",
        batch_size: int = 64,
        seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            seed=seed,
            activation=activation,
            label=label,
            data_note=data_note,
        )
        self.pruned = pruned
        parts = [pruned.base.folder.name, "and", pruned.folder.name, activation]
        self.name = "_".join(filter(None, parts))

    @property
    def split(self) -> dict[str, str]:
        return self.pruned.split

    def records(self) -> dict[Split, list[Records]]:
        base = self.pruned.open_base()
        before, after = self.pruned.base.records_of(base), self.pruned.records_of(base)
        return {split: before[split] + after[split] for split in before}
