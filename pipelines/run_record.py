"""Record the config that a run's folder belongs to, and the time its sessions took."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from pipelines.json_files import read_json, write_json
from pipelines.lock import HOLDER, LOCK

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
    """The record of a folder that holds a run; ``None`` for other folders.

    Raises:
        ValueError: naming the file, if it is damaged.
    """
    file = folder / NAME
    if not file.exists():
        return None
    remedy = f"delete it to start the run anew with what {folder} holds, or give another folder"
    values = read_json(file, remedy=remedy)
    try:
        return RunRecord(
            config_hash=str(values["config_hash"]),
            began=float(values["began"]),
            earlier_seconds=float(values["earlier_seconds"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{file} is damaged: no {error}; {remedy}") from error


def is_resumed(folder: Path) -> bool:
    """Whether an earlier session did a part of the run in this folder."""
    record = read_record(folder)
    return record is not None and record.earlier_seconds > 0


def begin_session(folder: Path, config_hash: str) -> RunRecord:
    """Claim the folder for a config, and start the clock of a session.

    A session that was killed ended when it last wrote something; the lock is that of this one.
    """
    earlier = read_record(folder)
    spent = 0.0
    if earlier is not None:
        files = [f for f in folder.rglob("*") if f.is_file() and f.name not in (LOCK, HOLDER)]
        written = max(f.stat().st_mtime for f in files)
        spent = earlier.earlier_seconds + max(0.0, written - earlier.began)
    record = RunRecord(config_hash, time.time(), spent)
    write_json(folder / NAME, asdict(record))
    return record


def save_config(cfg: DictConfig, folder: Path) -> None:
    """Write ``.hydra/``, as Hydra does, but only into a folder that is the run's."""
    target = folder / ".hydra"
    target.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(cfg, target / "config.yaml")
    if HydraConfig.initialized():
        OmegaConf.save(HydraConfig.get(), target / "hydra.yaml")
        OmegaConf.save(HydraConfig.get().overrides.task, target / "overrides.yaml")
