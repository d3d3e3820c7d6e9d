"""Extract downloaded archives safely."""

import tarfile
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.progress import open as open_with_progress

BLOCK = 1 << 20


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a tar or zip archive into ``folder``, without the archive's only top folder.

    The folder appears when it is complete. Members cannot write elsewhere.

    Raises:
        ValueError: if it is neither, or damaged, or a member would leave the folder.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as name:
        content = Path(name) / "content"
        content.mkdir()
        try:
            _extract(archive, content)
        except OSError as error:
            if error.errno is not None:  # the disk's, such as a full one: the archive is fine
                raise
            raise _damaged(archive, error) from error
        except Exception as error:  # every compression has errors of its own
            raise _damaged(archive, error) from error
        tops = [path for path in content.iterdir() if path.name != "__MACOSX"]
        _add(tops[0] if len(tops) == 1 and tops[0].is_dir() else content, folder)


def _damaged(archive: Path, error: Exception) -> ValueError:
    return ValueError(f"{archive}: cannot be unpacked ({error}); get it again")


def put(folder: Path, target: Path) -> None:
    """Give an unpacked folder its name, unless another process was faster."""
    try:
        folder.rename(target)
    except OSError:
        # The other copy has passed the same checks.
        if not target.exists():
            raise


def _add(folder: Path, target: Path) -> None:
    """Give an unpacked folder its name, or what is in it to a folder of that name."""
    put(folder, target)
    for path in sorted(folder.iterdir()) if folder.exists() else []:
        put(path, target / path.name)


def _extract(archive: Path, folder: Path) -> None:
    with open_with_progress(archive, "rb", description=f"unpacking {archive.name}") as file:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(file) as zip_file:
                zip_file.extractall(folder)
        else:
            with tarfile.open(fileobj=file, mode="r:*") as tar:
                tar.extractall(folder, filter="data")
                # The compressed stream has its checksum at its end, behind the last member.
                while tar.fileobj is not None and tar.fileobj.read(BLOCK):
                    pass
