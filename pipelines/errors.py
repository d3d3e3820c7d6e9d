"""How a command ends."""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException, InstantiationException
from hydra.types import RunMode
from lightning.pytorch.utilities.exceptions import MisconfigurationException
from omegaconf.errors import OmegaConfBaseException

log = logging.getLogger(__name__)

# What the user asked for, also in processes that inherit what is set below for Hydra.
ASKED = os.environ.get("SCALEGMN_FULL_ERROR", os.environ.get("HYDRA_FULL_ERROR", "0"))
SHOW_ALL = ASKED not in ("", "0")
# Mistakes of the user, which deserve one line; anything else is a bug and shows its traceback.
USER_ERRORS = (
    ValueError,
    FileNotFoundError,
    ChildProcessError,
    HydraException,
    OmegaConfBaseException,
    MisconfigurationException,
)
EXTRAS = '; joblib, submitit_slurm, submitit_local and optuna come with pip install -e ".[sweeps]"'


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Ends the process with one line on a mistake of the user's."""
    try:
        yield
    except USER_ERRORS as error:
        if SHOW_ALL:
            raise
        sys.exit(f"error: {one_line(error)}")


@contextmanager
def job_errors() -> Iterator[None]:
    """Ends a command with one line; of a sweep, tells what failed and leaves the rest to Hydra.

    Hydra goes on with the other jobs, and raises the error when they are done.
    """
    if HydraConfig.get().mode != RunMode.MULTIRUN:
        with one_line_errors():
            yield
        return
    try:
        yield
    except Exception as error:
        job = " ".join(HydraConfig.get().overrides.task)
        log.error("error in job %s: %s", job, one_line(error))
        raise


def run(command: Callable[[], None]) -> None:
    """Run a command of Hydra's, whose body is inside :func:`job_errors`.

    An interrupt ends with exit code 130, and ``HYDRA_FULL_ERROR=1`` shows tracebacks.
    """
    try:
        # Otherwise Hydra prints its own errors, on several lines.
        all_errors = {"HYDRA_FULL_ERROR": "1", "SCALEGMN_FULL_ERROR": ASKED}
        with mock.patch.dict(os.environ, all_errors), one_line_errors():
            command()
    except BaseException as error:
        # Lightning turns an interrupt into SystemExit(1).
        if isinstance(error, KeyboardInterrupt) or isinstance(error.__context__, KeyboardInterrupt):
            sys.exit(130)
        raise


def one_line(error: BaseException) -> str:
    """What went wrong; of an error while an object was built, the reason."""
    cause = error.__cause__
    if isinstance(error, InstantiationException) and isinstance(cause, USER_ERRORS):
        return one_line(cause)
    text = str(error).partition("Config search path")[0]
    text = " ".join(" ".join(x for x in text.split("\n") if "object_type=" not in x).split())
    return text + EXTRAS if re.search("Could not find 'hydra/(launcher|sweeper)/", text) else text
