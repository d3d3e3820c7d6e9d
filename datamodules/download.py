"""Download large files, resumably."""

import hashlib
import http.client
from collections.abc import Callable
from contextlib import closing
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

BLOCK = 1 << 20
TIMEOUT = 60
LOGIN_WANTED = {401, 403}
NOTHING_LEFT = 416

# Called with the bytes that are there, and all bytes if known.
Report = Callable[[int, int | None], None]


class PageError(ValueError):
    """The address shows a web page, such as a login, instead of the file."""


def fetch(url: str, target: Path, *, checksum: tuple[str, str] | None = None) -> None:
    """Download a file, or the rest of it.

    A part lies in ``<target>.part`` and is continued if the server supports it: after a cut
    connection, and by the next call, unless the file on the server has changed. Only a complete
    file gets its name. Our own, because download helpers of libraries begin again after a cut.

    Args:
        url: where it is.
        target: where it goes.
        checksum: a hash that :mod:`hashlib` knows, and its hexadecimal digest.

    Raises:
        FileNotFoundError: if the file cannot be reached.
        PageError: if the address shows a page, to log in or to confirm something.
        ValueError: if the file does not match the checksum; nothing is left of it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, TimeRemainingColumn()) as progress:
        task = progress.add_task(target.name, total=None)
        _download(url, part, lambda done, total: progress.update(task, completed=done, total=total))
    if checksum is not None:
        _check(url, part, *checksum)
    part.replace(target)
    _version_of(part).unlink(missing_ok=True)


def _download(url: str, part: Path, report: Report) -> None:
    complete = False
    while not complete:
        before, reason = _size(part), "the connection was cut"
        try:
            complete = _attempt(url, part, report)
        except (OSError, http.client.HTTPException) as error:
            reason = str(error)
        # As long as something comes, a cut connection is no reason to give up.
        if not complete and _size(part) <= before:
            raise FileNotFoundError(f"{url} cannot be downloaded ({reason})")


def _attempt(url: str, part: Path, report: Report) -> bool:
    """Connect once more; true if the file is complete afterwards."""
    have = _size(part)
    try:
        response = urlopen(Request(url, headers=_headers(part)), timeout=TIMEOUT)
    except HTTPError as error:
        with closing(error):
            if error.code == NOTHING_LEFT and have:
                if error.headers.get("Content-Range", "").endswith(f"/{have}"):
                    return True
                part.unlink()  # longer than the file: the rest of another one
                return _attempt(url, part, report)
            if error.code in LOGIN_WANTED:
                raise PageError(f"{url} asks for a login ({error})") from error
            raise
    with response:
        if "text/html" in response.headers.get("Content-Type", ""):
            raise PageError(f"{url} shows a page, not a file")
        continued = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        have = have if continued else 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        if not continued:
            _remember_version(part, response.headers)
        with part.open("ab" if continued else "wb") as file:
            while block := response.read(BLOCK):
                file.write(block)
                have += len(block)
                report(have, total)
    return total is None or have == total


def _headers(part: Path) -> dict[str, str]:
    """Asks for the rest; for all of it, if the file is another one since."""
    if not (have := _size(part)):
        return {}
    version = _version_of(part)
    only_if = {"If-Range": version.read_text()} if version.exists() else {}
    return {"Range": f"bytes={have}-", **only_if}


def _remember_version(part: Path, headers: Message) -> None:
    tag = headers.get("ETag", "")
    # A weak tag does not say that the bytes are the same.
    version = headers.get("Last-Modified") if not tag or tag.startswith("W/") else tag
    if version:
        _version_of(part).write_text(version)
    else:
        _version_of(part).unlink(missing_ok=True)


def _version_of(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def _check(url: str, part: Path, name: str, expected: str) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False))
    if found.hexdigest() != expected:
        part.unlink()
        raise ValueError(
            f"{url} came with {name.upper()} {found.hexdigest()}, expected {expected}: try again"
        )


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
