"""Errors of the system, such as a full disk, behind those that libraries raise."""

import errno
import os
import re

# Rust's errors, as safetensors shows them.
RUST = re.compile(r"Os \{ code: (\d+)")
# PyTorch's writer and reader of archives, which leave out the message of the system.
ARCHIVE = re.compile(r"PytorchStreamWriter|inline_container|iostream error|unexpected pos")
# NumPy's, which loses the system's reason.
NUMPY = re.compile(r"\d+ requested and \d+ written")
HINTS = {
    errno.ENOSPC: "free some space, and repeat the command",
    errno.EDQUOT: "free some space, and repeat the command",
    errno.EACCES: "change its permissions, or give another path",
    errno.EPERM: "change its permissions, or give another path",
    errno.EROFS: "give another path",
    errno.ENOTDIR: "a file is where a folder should be; give another path",
    errno.EEXIST: "a file is where a folder should be; give another path",
    errno.EISDIR: "a folder is where a file should be; give another path",
}


def os_error_behind(error: BaseException) -> OSError | None:
    """The system's error that an error is, or that it was raised for.

    Returns:
        ``None`` if the system did not fail; errors that somebody wrote a text for count as no
        system's error.
    """
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError):
            return _incomplete() if NUMPY.search(str(seen)) else _of_system(seen)
        if code := RUST.search(str(seen)):
            return OSError(int(code[1]), os.strerror(int(code[1])))
        if isinstance(seen, ValueError):
            return None  # The message is in words already.
        if isinstance(seen, RuntimeError) and ARCHIVE.search(str(seen)):
            behind = seen.__cause__ or seen.__context__
            found = os_error_behind(behind) if behind else None
            return found or _incomplete()
        seen = seen.__cause__ or seen.__context__
    return None


def _of_system(error: OSError) -> OSError | None:
    return error if error.errno is not None else None


def _incomplete() -> OSError:
    return OSError(errno.EIO, "a file could not be written or read; the disk may be full")


def named_os_error(error: OSError) -> str:
    """The file, the reason and what to do, in one line."""
    reason = error.strerror or str(error)
    files = [str(name) for name in (error.filename, error.filename2) if name is not None]
    text = f"{' -> '.join(files)}: {reason}" if files else reason
    hint = HINTS.get(error.errno or 0)
    return f"{text}; {hint}" if hint else text
