"""Published data sets and networks on the web."""

from dataclasses import dataclass
from pathlib import Path

from datamodules.download import PageError, fetch
from datamodules.locking import locked
from datamodules.unpacking import unpack


@dataclass(frozen=True)
class Source:
    """One file on the web.

    Attributes:
        url: its address.
        path: below the data folder: where an archive is unpacked to, or where the file goes.
        archive: archive file name; ``None`` if the file is not an archive.
        holds: a file that exists once the archive was unpacked; ``None`` where the folder is
            enough, as nothing else is put into it.
        checksum: see :func:`~datamodules.download.fetch`; unpacking checks what has none.
        page: for people, where the address itself is not.
    """

    url: str
    path: str
    archive: str | None = None
    holds: str | None = None
    checksum: tuple[str, str] | None = None
    page: str | None = None

    def get(self, data_dir: Path) -> bool:
        """Fetch what is not there yet, or unpack the archive if someone has put it there.

        Of several processes one does it; the others wait.

        Returns:
            Whether anything was to be done.

        Raises:
            FileNotFoundError: if it cannot be reached.
            ValueError: if something else came, saying what to do.
        """
        target = data_dir / self.path
        if self._is_there(target):
            return False
        # Not inside a folder that an archive will become.
        with locked(data_dir / self.path.replace("/", "_")):
            if self._is_there(target):
                return False
            if self.archive is None:
                self._fetch(target, target)
            else:
                self._get_archive(self.archive, data_dir, target)
        return True

    def _is_there(self, target: Path) -> bool:
        return (target / self.holds if self.holds else target).exists()

    def _get_archive(self, archive: str, data_dir: Path, target: Path) -> None:
        given = data_dir / archive
        if given.exists():
            unpack(given, target)
            return
        # A name of its own tells it from one that someone put there, also in the next session.
        own = data_dir / f".{archive}"
        if not own.exists():
            self._fetch(own, given)
        try:
            unpack(own, target)
        except ValueError:
            own.unlink()  # damaged: the next attempt shall get another
            raise
        own.unlink()

    def _fetch(self, file: Path, by_hand: Path) -> None:
        try:
            fetch(self.url, file, checksum=self.checksum)
        except PageError as error:
            raise PageError(
                f"{error}: open {self.page or self.url} in a browser, save the file as {by_hand}, "
                "and run this again"
            ) from error


ZOOS = "https://storage.googleapis.com/gresearch/smallcnnzoo-dataset"
SPLITS = (
    "https://raw.githubusercontent.com/AllanYangZhou/nfn/main/experiments/predict_gen_data_splits"
)
INRS = "https://www.dropbox.com/sh/56pakaxe58z29mq"
CIFAR_INRS = "14RUV3eN6-lSOr9XuwyKFQFVcqKl0L2bw"
CIFAR10_SPLIT = "04fb71937dc796fc64f6306457de9d95f0d2d8a343db856213b965a4953a4f67"


def _zoo(folder: str, split: str, sha256: str | None = None) -> list[Source]:
    name = f"{split}_split.csv"
    return [
        Source(
            f"{ZOOS}/{folder}.tar.xz",
            folder,
            archive=f"{folder}.tar.xz",
            holds="weights.npy",
            page=f"https://storage.cloud.google.com/gresearch/smallcnnzoo-dataset/{folder}.tar.xz",
        ),
        Source(
            f"{SPLITS}/{name}", f"{folder}/{name}", checksum=("sha256", sha256) if sha256 else None
        ),
    ]


def _inrs(folder: str, key: str) -> list[Source]:
    archive = f"{folder}.zip"
    page = f"{INRS}/AABtWNkRYroLYe_cE3c90DXVa?dl=0&preview={archive}"
    return [Source(f"{INRS}/{key}/{archive}?dl=1", folder, archive=archive, page=page)]


# By the name of the folder that each becomes.
SOURCES: dict[str, list[Source]] = {
    "cifar10": _zoo("cifar10", "cifar10", CIFAR10_SPLIT),
    "svhn_cropped": _zoo("svhn_cropped", "svhn"),
    "mnist": _zoo("mnist", "mnist"),
    "fashion_mnist": _zoo("fashion_mnist", "fashion_mnist"),
    "mnist-inrs": _inrs("mnist-inrs", "AABrctdu2U65jGYr2WQRzmMna"),
    "fmnist_inrs": _inrs("fmnist_inrs", "AAAssoHq719OmSHSKKTiKKHGa"),
    "siren_cifar_wts": [
        Source(
            f"https://drive.usercontent.google.com/download?id={CIFAR_INRS}&export=download&confirm=t",
            "siren_cifar_wts",
            archive="siren_cifar_wts.archive",
            page=f"https://drive.google.com/file/d/{CIFAR_INRS}/view",
        )
    ],
    "vgg19": [
        Source(
            "http://www.cs.unc.edu/~cyfu/cifar10/model_best_cpu.pth.tar",
            "vgg19/model_best_cpu.pth.tar",
            page="https://github.com/chengyangfu/pytorch-vgg-cifar10",
        )
    ],
}
