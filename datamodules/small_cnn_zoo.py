"""The Small CNN Zoo."""

from pathlib import Path

import numpy as np

from datamodules.names import name_from
from datamodules.zoo import ZooDataModule
from scalegmn.arguments import check_whole
from scalegmn.formats.folders import below
from scalegmn.zoo import ZooFolder
from scalegmn.zoo.ancestry import BASE_ROW
from scalegmn.zoo.records import Records
from scalegmn.zoo.runs import split_of_rows
from scalegmn.zoo.split_file import find_split_file, read_order
from scalegmn.zoo.splits import SPLITS, Split
from scalegmn.zoo.steps import Steps, at_steps


class SmallCNNZoo(ZooDataModule):
    """Small CNNs from one folder in the official layout.

    With a split file, the published split: of 30,000 final checkpoints 12,000 train, 3,000 val and
    15,000 test, before the activation is chosen. Without, 80/10/10 of the training runs of each
    activation. Checkpoints of one run are always in one split.

    Reference: Unterthiner et al., *Predicting Neural Network Accuracy from Weights*, 2020,
    arXiv:2002.11448. Split: Zhou et al., *Permutation Equivariant Neural Functionals*, 2023,
    arXiv:2302.14040.

    Args:
        data_dir: where data sets are.
        folder: the zoo's folder below it: ``cifar10``, ``svhn_cropped``, ``mnist``,
            ``fashion_mnist``, or one that ``build_zoo`` made.
        split_file: its name in the folder, or a path; ``None`` for ``<folder>_split.csv`` where it
            exists.
        step: see :func:`~scalegmn.zoo.steps.at_steps`.
        split_seed: of the split without a split file, and of the choice of training runs.
        train_runs: number of training runs of each activation, for learning curves; ``None`` for
            all.
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
        FileNotFoundError: if a file of the zoo, or the split file that was asked for, is missing.
        ValueError: in one line, if something does not fit.
    """

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str = "cifar10",
        split_file: str | None = None,
        step: Steps = "last",
        split_seed: int = 42,
        train_runs: int | None = None,
        name: str | None = None,
        in_channels: int = 1,
        num_classes: int = 10,
        image_size: int = 32,
        width: int = 16,
        activation: str | None = None,
        label: str = "test_accuracy",
        batch_size: int = 64,
        seed: int = 42,
        rescale: float | None = None,
        data_note: str | None = None,
    ) -> None:
        super().__init__(
            name=name or name_from(folder, "zoo", activation),
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
        self.folder = below(data_dir, folder)
        check_whole("data.split_seed", split_seed, least=0)
        if train_runs is not None:
            check_whole("data.train_runs", train_runs)
        self.split_file = split_file
        self.step = step
        self.split_seed = split_seed
        self.train_runs = train_runs

    @property
    def split(self) -> dict[str, str]:
        file = find_split_file(self.folder, self.split_file)
        by = file.name if file else f"run with seed {self.split_seed}"
        return {"zoo": self.folder.name, "by": by}

    def records(self) -> dict[Split, list[Records]]:
        return self.records_of(ZooFolder.open(self.folder))

    def records_of(self, zoo: ZooFolder) -> dict[Split, list[Records]]:
        """The rows of each split of the opened zoo."""
        split, chosen = self.split_of_rows(zoo), at_steps(zoo.metrics, self.step)
        return {
            name: [Records(zoo, np.flatnonzero(chosen & (split == i)))]
            for i, name in enumerate(SPLITS)
        }

    def split_of_rows(self, zoo: ZooFolder) -> np.ndarray:
        """For each row of the opened zoo an index into ``SPLITS``, -1 for none.

        Raises:
            ValueError: if it is a pruned zoo, where relatives have runs of their own, or its split
                file or ``train_runs`` does not fit.
        """
        if BASE_ROW in zoo.metrics:
            raise ValueError(
                f"{self.folder} is a pruned zoo, whose records are split like their base networks: "
                "set data=pruned_zoo, data.folder to it, and data.base.folder to its base zoo"
            )
        file = find_split_file(self.folder, self.split_file)
        order = read_order(file, len(zoo.metrics)) if file else None
        return split_of_rows(zoo.metrics, order, seed=self.split_seed, train_runs=self.train_runs)
