"""Pruned copies of the networks of a zoo."""

from pathlib import Path

import numpy as np

from datamodules.names import name_from
from datamodules.small_cnn_zoo import SmallCNNZoo
from datamodules.zoo import ZooDataModule
from scalegmn.formats.folders import below
from scalegmn.zoo import ZooFolder
from scalegmn.zoo.ancestry import bases
from scalegmn.zoo.records import Records
from scalegmn.zoo.splits import SPLITS, Split
from scalegmn.zoo.steps import Steps, at_steps

HOW_TO_MAKE = (
    "make a pruned zoo with `python train.py experiment=build_pruned_zoo`, or set data.folder "
    "(data.pruned.folder of data=zoo_union, guard.zoo.folder of a guard) to one"
)
HOW_TO_NAME_THE_BASE = (
    "set data.base.folder (data.pruned.base.folder of data=zoo_union, guard.zoo.base.folder of a "
    "guard) to the zoo that networks were pruned from; `python get_data.py` or experiment=build_"
    "zoo makes one, and experiment=build_pruned_zoo prunes its networks"
)


class PrunedZoo(ZooDataModule):
    """Networks that ``build_pruned_zoo`` pruned from the networks of another zoo.

    The official layout with three more columns: ``config.base_row`` (a row of the base zoo),
    ``config.sparsity`` and ``config.finetune_epoch``. A record is in the split of the run that its
    base network belongs to, so that no network's relatives are in two splits; records of runs that
    have no split (they crashed) are left out.

    Args:
        base: the zoo that the networks come from; only its table and its split are read.
        data_dir: where data sets are.
        folder: the pruned zoo's folder below it.
        step: see :func:`~scalegmn.zoo.steps.at_steps`.
        name: of the data set; ``None`` for one made of the folder and the activation.
        in_channels: see :class:`~datamodules.zoo.ZooDataModule`.
        num_classes: see :class:`~datamodules.zoo.ZooDataModule`.
        image_size: see :class:`~datamodules.zoo.ZooDataModule`.
        width: see :class:`~datamodules.zoo.ZooDataModule`.
        activation: see :class:`~datamodules.zoo.ZooDataModule`.
        label: see :class:`~datamodules.zoo.ZooDataModule`.
        batch_size: see :class:`~datamodules.zoo.ZooDataModule`.
        seed: see :class:`~datamodules.zoo.ZooDataModule`.
        rescale: see :class:`~datamodules.zoo.ZooDataModule`.
        data_note: see :class:`~datamodules.zoo.ZooDataModule`.

    Raises:
        FileNotFoundError: if a file of either zoo is missing.
        ValueError: in one line, if something does not fit.
    """

    def __init__(
        self,
        *,
        base: SmallCNNZoo,
        data_dir: str | Path,
        folder: str = "pruned_zoo",
        step: Steps = "all",
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
        super().__init__(
            name=name or name_from(folder, activation),
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
        self.base = base
        self.folder = below(data_dir, folder)
        self.step = step

    @property
    def split(self) -> dict[str, str]:
        return self.base.split

    def records(self) -> dict[Split, list[Records]]:
        zoo = self._open()  # First: whoever lacks both zoos made neither.
        return self._records(zoo, self.open_base())

    def open_base(self) -> ZooFolder:
        """The zoo that the networks come from."""
        return ZooFolder.open(self.base.folder, HOW_TO_NAME_THE_BASE)

    def records_of(self, base: ZooFolder) -> dict[Split, list[Records]]:
        """The rows of each split, by the opened base zoo."""
        return self._records(self._open(), base)

    def _open(self) -> ZooFolder:
        return ZooFolder.open(self.folder, HOW_TO_MAKE)

    def _records(self, zoo: ZooFolder, base: ZooFolder) -> dict[Split, list[Records]]:
        split = self.base.split_of_rows(base)[bases(zoo, base)]
        chosen = at_steps(zoo.metrics, self.step)
        return {
            name: [Records(zoo, np.flatnonzero(chosen & (split == i)))]
            for i, name in enumerate(SPLITS)
        }
