"""Implicit neural representations as data."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch.utils.data import Dataset

from datamodules.batches import BatchIndices
from datamodules.declared import check_counts, check_declared
from datamodules.inr_cache import packed_copy
from datamodules.names import name_from
from datamodules.resident import ResidentDataModule
from scalegmn.arguments import check_whole
from scalegmn.formats.folders import below, existing_folder
from scalegmn.inr import INRBatch, INRSet, absorb_frequency, canonical_phases
from scalegmn.inr.packed import SPLITS, Split, is_packed, metadata_of, read_split
from scalegmn.targets import Siren

HOW_TO_GET = (
    "fit INRs with `python train.py experiment=fit_inrs`, get published ones with `python "
    "get_data.py mnist-inrs`, or set paths.data_dir (or SCALEGMN_DATA) and data.folder"
)


class INRs(ResidentDataModule[INRSet]):
    """SIRENs of labelled images, split into train, val and test.

    Reads what ``experiment=fit_inrs`` leaves, or a folder in the layout of ``mnist-inrs``,
    ``fmnist_inrs`` or ``siren_cifar_wts``, which is packed once into ``packed/`` inside it. The
    split is that of the folder's files (``mnist_splits.json`` or ``splits.json``), else by
    ``split_seed``. Images are validated and tested on their first fit; further ones are only
    trained on. Loaders yield an :class:`~scalegmn.inr.INRBatch`.

    Args:
        data_dir: where data sets are.
        folder: of the INRs below it.
        images: folder below ``data_dir`` of the images that ``mnist-inrs`` represents, as idx
            files; fitted INRs bring their images along. ``None`` to do without.
        split_file: its name in a folder of published INRs; ``None`` for a known one.
        split_seed: of the split of published INRs without a file.
        train_fits: how many fits of each training image to learn from; ``None`` for all.
        canonical: move phases into canonical form, see :func:`~scalegmn.inr.canonical_phases`.
        absorb_w0: multiply the frequency into the weights, which then are as large as they act, see
            :func:`~scalegmn.inr.absorb_frequency`; published metanetworks read weights as they are.
        name: of the data set; ``None`` for one made of the folder.
        in_channels: channels of the images; checked against them and the INRs.
        num_classes: labels are below it.
        image_size: height and width of the images; checked against them.
        hidden: units of each sine layer; checked against the INRs.
        w0: frequency of the sine layers; checked where the INRs' files have it.
        batch_size: INRs per batch, over all processes.
        seed: of the order of training INRs.
        data_note: what a reader of the results should know about these INRs.

    Raises:
        FileNotFoundError: if there are no INRs, or a shard of them is missing.
        ValueError: in one line, if something does not fit.
    """

    may_prepare_in_parallel = True

    def __init__(
        self,
        *,
        data_dir: str | Path,
        folder: str = "inrs_mnist",
        images: str | None = "MNIST/raw",
        split_file: str | None = None,
        split_seed: int = 42,
        train_fits: int | None = None,
        canonical: bool = False,
        absorb_w0: bool = False,
        name: str | None = None,
        in_channels: int = 1,
        num_classes: int = 10,
        image_size: int = 28,
        hidden: Sequence[int] = (32, 32),
        w0: float = 30.0,
        batch_size: int = 64,
        seed: int = 42,
        data_note: str | None = None,
    ) -> None:
        super().__init__(name=name or name_from(folder), batch_size=batch_size, seed=seed)
        check_counts(in_channels=in_channels, num_classes=num_classes, image_size=image_size)
        check_whole("data.split_seed", split_seed, least=0)
        if train_fits is not None:
            check_whole("data.train_fits", train_fits)
        self.folder = below(data_dir, folder)
        self.images = None if images is None else below(data_dir, images)
        self.split_file = split_file
        self.split_seed = split_seed
        self.train_fits = train_fits
        self.canonical = canonical
        self.in_channels = in_channels
        self.num_classes = num_classes
        self.image_size = image_size
        self.absorb_w0 = absorb_w0
        self.stored = Siren(in_channels, tuple(hidden), w0=w0)
        # Of the INRs in the loaders.
        self.siren = self.stored.with_frequency(1.0) if absorb_w0 else self.stored
        self.data_note = data_note

    def prepare_data(self) -> None:
        self._packed()

    def splits(self) -> dict[str, INRSet]:
        folder = self._packed()
        self._check_siren(folder)
        return {split: self._read(folder, split) for split in SPLITS}

    def batches(self, content: INRSet, *, training: bool) -> "INRBatches":
        return INRBatches(content)

    def _packed(self) -> Path:
        """The folder with packed files, which are made of others if need be."""
        folder = existing_folder(self.folder, HOW_TO_GET)
        if is_packed(folder):
            return folder
        return packed_copy(
            folder,
            self.stored,
            split_name=self.split_file,
            split_seed=self.split_seed,
            images=self.images,
        )

    def _check_siren(self, folder: Path) -> None:
        """Compare the declared architecture with the one that was fitted, where that is known."""
        try:
            known = json.loads(metadata_of(folder, "train").get("siren", "{}"))
        except ValueError as error:
            raise ValueError(f"{folder}: the metadata of its train split are damaged") from error
        declared = self.stored.settings()
        for key, ours in (("hidden", "hidden"), ("channels", "in_channels"), ("w0", "w0")):
            if key in known:
                check_declared(ours, declared[key], known[key], str(folder))

    def _read(self, folder: Path, split: Split) -> INRSet:
        inrs = read_split(folder, split, self.stored)
        fits = self.train_fits if split == "train" else 1
        if fits is not None:
            inrs = inrs[(inrs.copy < fits).nonzero().squeeze(1)]
        self._check(inrs, f"{folder}: the {split} split")
        if self.canonical:
            inrs = replace(inrs, parameters=canonical_phases(self.stored, inrs.parameters))
        if self.absorb_w0:
            inrs = replace(inrs, parameters=absorb_frequency(self.stored, inrs.parameters))
        return inrs

    def _check(self, inrs: INRSet, where: str) -> None:
        if not len(inrs):
            raise ValueError(f"{where} has no INRs")
        lowest, highest = int(inrs.label.min()), int(inrs.label.max())
        if lowest < 0 or highest >= self.num_classes:
            raise ValueError(
                f"{where} has labels from {lowest} to {highest}, outside of 0 to "
                f"{self.num_classes - 1}: set data.num_classes"
            )
        if inrs.pixels is not None:
            channels, height, width = inrs.pixels.shape[1:]
            check_declared("in_channels", self.in_channels, channels, where)
            for size in (height, width):
                check_declared("image_size", self.image_size, size, where)


class INRBatches(Dataset[INRBatch]):
    """Batches of INRs, gathered where they are.

    Args:
        inrs: all INRs of a split.
    """

    def __init__(self, inrs: INRSet) -> None:
        self.inrs = inrs

    def __len__(self) -> int:
        return len(self.inrs)

    def __getitem__(self, indices: BatchIndices) -> INRBatch:
        return self.inrs[indices.rows].batch()
