import errno

import numpy as np
import pytest
import torch
from safetensors import SafetensorError

from pipelines.atomic_checkpoints import AtomicCheckpoints
from pipelines.errors import is_user_error, one_line
from pipelines.json_files import write_json
from scalegmn.formats import save_network


@pytest.fixture
def full_disk():
    """Files cannot grow beyond a kilobyte, which the system reports as it reports full disks."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


BIG = {"weight": torch.zeros(5000)}
WRITERS = {
    "checkpoint": lambda f: AtomicCheckpoints().save_checkpoint({"state_dict": BIG}, f / "x.ckpt"),
    "network": lambda f: save_network(f / "x.safetensors", BIG, {}),
    "json": lambda f: write_json(f / "x.json", {str(i): i for i in range(1000)}),
    "array": lambda f: np.save(f / "x.npy", np.zeros(5000)),
    "state dict": lambda f: torch.save(BIG, f / "x.pt"),
}


# Their libraries do not say what the system said.
UNKNOWN = ("array", "state dict")


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_cannot_be_written_takes_one_line(kind, full_disk, tmp_path):
    try:
        WRITERS[kind](tmp_path)
    except Exception as error:
        caught = error
    assert is_user_error(caught)
    text = one_line(caught)
    reason = "could not be written or read" if kind in UNKNOWN else "File too large"
    assert reason in text and "\n" not in text
    # What is written beside its place and renamed is named, and leaves nothing.
    if kind in ("checkpoint", "network", "json"):
        assert text.startswith(f"{tmp_path}/x.")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "No space left on device; free some space, and repeat the command"),
        (errno.EACCES, "Permission denied; change its permissions, or give another path"),
        (errno.EROFS, "Read-only file system; give another path"),
        (errno.ENOTDIR, "Not a directory; a file is where a folder should be; give another path"),
        (errno.EISDIR, "Is a directory; a folder is where a file should be; give another path"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_the_file_the_reason_and_a_hint_are_named(number, hint):
    error = OSError(number, "", "outputs/a.json")
    error.strerror = {e: h.split(";")[0] for e, h in [(number, hint)]}[number]
    assert is_user_error(error) and one_line(error) == f"outputs/a.json: {hint}"


def test_errors_of_other_languages_are_known():
    text = 'Error while serializing: IoError(Os { code: 28, kind: StorageFull, message: "No" })'
    assert one_line(SafetensorError(text)).startswith("No space left on device; free some space")


def test_the_error_behind_another_one_counts():
    try:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "last.ckpt")
        except OSError:
            raise RuntimeError("unexpected pos 5 vs 3")  # noqa: B904  as PyTorch does
    except RuntimeError as error:
        assert one_line(error).startswith("last.ckpt: No space left on device")


def test_a_bug_is_no_error_of_the_system():
    try:
        try:
            raise FileNotFoundError("no such file: x")
        except FileNotFoundError as cause:
            raise RuntimeError("a bug") from cause
    except RuntimeError as error:
        assert not is_user_error(error)
