"""Run a command and its jobs: errors in one line, signals, folders and messages.

Importing this is quick: neither PyTorch nor Lightning is loaded before a job begins. ::

    @hydra.main(version_base="1.3", config_path="conf", config_name="train")
    def main(cfg):
        with job(cfg) as this:
            ...

    if __name__ == "__main__":
        command(main)
"""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from pipelines import parent, run_id
from pipelines.continuation import command_that_continues, shown, sweep_that_continues
from pipelines.duration import duration
from pipelines.environment import environment
from pipelines.errors import (
    SHOW_ALL,
    JobError,
    is_user_error,
    one_line,
    one_line_errors,
    was_interrupted,
)
from pipelines.job_process import needs_own_process
from pipelines.leave_group import leave_group
from pipelines.lock import locked
from pipelines.logfile import LogFile, logged_to
from pipelines.machine_share import take_gpu
from pipelines.override_check import check_overrides, warn_of_unread
from pipelines.paths import expand_home, see_current_folder, with_home
from pipelines.ranks import is_first_rank
from pipelines.signals import GRACE_SECONDS, Ending, current_ending, interrupted_by_signals
from pipelines.system_errors import os_error_behind
from pipelines.trial import TrialStopped

log = logging.getLogger(__name__)


@dataclass
class Job:
    """A job while it runs.

    Attributes:
        folder: of its results.
        began: when, in seconds since the epoch.
        is_over: whether the end of the job is announced.
    """

    folder: Path
    began: float = field(default_factory=time.time)
    is_over: bool = False

    def finished_before(self) -> None:
        """Say that an earlier session finished it."""
        self.is_over = True
        if is_first_rank():
            log.info("finished before, skipped: %s", shown(self.folder))


def command(main: Callable[[], None]) -> None:
    """Run a command of Hydra's, whose body is inside :func:`job`.

    Exit codes: 1 after an error, which is one line unless it is a bug or ``HYDRA_FULL_ERROR=1``
    asks for tracebacks; 128 plus its number after a signal (130 for Ctrl-C, 143 for SIGTERM), with
    one line that names the command that continues.
    """
    parent.end_with_parent()
    with interrupted_by_signals() as ending, mock.patch.dict(os.environ, environment()):
        ending.last_words = _last_words(sweep_that_continues()) if is_first_rank() else None
        sys.argv[1:] = with_home(sys.argv[1:])
        try:
            with one_line_errors():
                main()
                leave_group()
        except BaseException as error:
            if ending.number is None and not was_interrupted(error):
                _let_first_rank_end()
                raise
        else:
            if ending.number is None:
                return
        _end(ending)


@contextmanager
def job(cfg: DictConfig) -> Iterator[Job]:
    """Run the body as a job in ``cfg.paths.run_dir``, of which it holds the lock.

    ``~`` in the config is replaced first, and keys that nothing reads are refused. What is logged
    goes to a file of the folder, too. At an error in a sweep the other jobs go on. A folder that
    stays empty is removed. A job that needs a command of its own
    (:func:`~pipelines.job_process.needs_own_process`) leaves all of this to it.
    """
    parent.end_with_parent()
    see_current_folder()
    try:
        with _errors(), _in_folder(cfg) as this, _may_stop_early(this):
            yield this
    finally:
        remove_if_empty(cfg)


@contextmanager
def _in_folder(cfg: DictConfig) -> Iterator[Job]:
    expand_home(cfg)
    check_overrides(cfg)
    if "trainer" in cfg:
        take_gpu(cfg.trainer)
    this = Job(Path(cfg.paths.run_dir))
    if needs_own_process(cfg):
        yield this
        return
    if not is_first_rank():
        _import_lightning()
        yield this
        return
    with locked(this.folder), logged_to(this.folder / f"{_name()}.log") as file:
        if not _is_sweep() and run_id.SWEEP_JOB not in os.environ:
            current_ending().last_words = _last_words(command_that_continues(this.folder))
        log.info("results will be in %s", shown(this.folder))
        warn_of_unread(cfg)
        try:
            _import_lightning()
            yield this
        except BaseException as error:
            _log_failure(this.folder, file, error)
            raise
        if not this.is_over:
            file.write_early()
            took = duration(time.time() - this.began)
            log.info("done in %s: results are in %s", took, shown(this.folder))


@contextmanager
def _may_stop_early(this: Job) -> Iterator[None]:
    """Let the search that a job belongs to stop it, which is no error."""
    try:
        yield
    except TrialStopped as stop:
        this.is_over = True
        if is_first_rank():
            log.info("stopped early: %s", stop)


def _log_failure(folder: Path, file: LogFile, error: BaseException) -> None:
    if current_ending().number is not None or was_interrupted(error):
        file.add(current_ending().last_words or "interrupted")
        return
    behind = os_error_behind(error)
    if behind is not None and behind.filename is None:
        behind.filename = str(shown(folder))  # Better than none.
    file.add(one_line(error), error=error)
    if file.has_company() and not _is_sweep():
        log.info("to continue: %s", command_that_continues(folder))


@contextmanager
def _errors() -> Iterator[None]:
    """End a command with one line; of a sweep, name the job that failed and leave it to Hydra.

    Hydra goes on with the other jobs, and raises the error when they are done.
    """
    with nullcontext() if _is_sweep() else one_line_errors():
        try:
            yield
        except Exception as error:
            if current_ending().number is not None:
                raise KeyboardInterrupt from error  # Some other process was interrupted first.
            if not _is_sweep():
                raise
            overrides = " ".join(HydraConfig.get().overrides.task)
            log.error("error in job %s: %s", overrides, one_line(error))
            if SHOW_ALL or not is_user_error(error):
                raise
            # Errors of libraries do not always survive the way back from another process.
            raise JobError(one_line(error)) from error


def _end(ending: Ending) -> None:
    """End the process after an interrupt."""
    number = ending.number or 2
    _let_first_rank_end()
    if ending.last_words:
        sys.stderr.write(f"{ending.last_words}\n")
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    distributed = sys.modules.get("torch.distributed")
    if distributed is not None and distributed.is_available() and distributed.is_initialized():
        # The threads of a process group may wait for the others for ever.
        os._exit(128 + number)
    sys.exit(128 + number)


def _let_first_rank_end() -> None:
    """Wait, as Lightning kills the first rank when it sees another one end with an error.

    The first rank takes this one along, which says nothing then; if it is still there, the error is
    this one's alone.
    """
    if not is_first_rank() and parent.has_parent_command():
        time.sleep(GRACE_SECONDS)


def _last_words(command_line: str | None) -> str | None:
    return f"interrupted; to continue: {command_line}" if command_line else None


def _is_sweep() -> bool:
    return HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN


def _name() -> str:
    return HydraConfig.get().job.name if HydraConfig.initialized() else "train"


def _import_lightning() -> None:
    from pipelines.lightning_setup import prepare_lightning

    prepare_lightning()


def remove_if_empty(cfg: DictConfig) -> None:
    """Remove what Hydra made for a run that could not start, its experiment's folder included."""
    folder = Path(cfg.paths.run_dir)
    made = [folder, folder.parent] if folder.parent.name == cfg.name else [folder]
    for empty in (f for f in made if f.is_dir() and not any(f.iterdir())):
        empty.rmdir()
