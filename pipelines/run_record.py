"""Which config a run's folder belongs to, and how long its sessions took."""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from scalegmn.formats import atomic_path

NAME = "run.json"


@dataclass(frozen=True)
class RunRecord:
    """The content of ``run.json``.

    Args:
        config_hash: of the config that the folder's run was started with.
        began: when the current session began, in seconds since the epoch.
        earlier_seconds: how long the sessions before it took.
    """

    config_hash: str
    began: float
    earlier_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        return self.earlier_seconds + time.time() - self.began


def read_record(folder: Path) -> RunRecord | None:
    """The record of a folder that holds a run."""
    file = folder / NAME
    return RunRecord(**json.loads(file.read_text())) if file.exists() else None


def begin_session(folder: Path, config_hash: str) -> RunRecord:
    """Claim the folder for a config, and start the clock of a session.

    A session that was killed ended when it last wrote something.
    """
    earlier = read_record(folder)
    spent = 0.0
    if earlier is not None:
        written = max(f.stat().st_mtime for f in folder.rglob("*") if f.is_file())
        spent = earlier.earlier_seconds + max(0.0, written - earlier.began)
    record = RunRecord(config_hash, time.time(), spent)
    with atomic_path(folder / NAME) as temporary:
        temporary.write_text(json.dumps(asdict(record)) + "\n")
    return record
