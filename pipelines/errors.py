"""Report user errors in one line and set the exit code."""

import os
import re
import sys
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager

from hydra.errors import HydraException, InstantiationException
from omegaconf.errors import OmegaConfBaseException

from pipelines.system_errors import named_os_error, os_error_behind
from pipelines.unknown_key import explained

# What the user asked for, also in processes that inherit what a command sets for Hydra.
ASKED = os.environ.get("SCALEGMN_FULL_ERROR", os.environ.get("HYDRA_FULL_ERROR", "0"))
SHOW_ALL = ASKED not in ("", "0")
# Mistakes of the user and limits of the machine, which deserve one line; anything else is a bug
# and shows its traceback. Lightning's are known by name: importing it takes seconds.
USER_ERRORS = (ValueError, OSError, HydraException, OmegaConfBaseException, BrokenExecutor)
NAMES_OF_USER_ERRORS = ("MisconfigurationException",)
EXTRAS = '; joblib, submitit_slurm and submitit_local come with pip install -e ".[sweeps]"'


class JobError(Exception):
    """A job of a sweep failed; the text is one line that says why."""


def is_user_error(error: BaseException) -> bool:
    """Whether an error deserves one line instead of a traceback."""
    if isinstance(error, InstantiationException):
        cause = error.__cause__
        return cause is None or isinstance(cause, TypeError | ImportError) or is_user_error(cause)
    if isinstance(error, (*USER_ERRORS, JobError)):
        return True
    names = {kind.__name__ for kind in type(error).__mro__}
    return bool(names & set(NAMES_OF_USER_ERRORS)) or os_error_behind(error) is not None


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the process with exit code 1 and one line on a mistake of the user."""
    try:
        yield
    except BrokenPipeError:
        # Whoever reads our output, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + 13)
    except Exception as error:
        if SHOW_ALL or not is_user_error(error):
            raise
        sys.exit(f"error: {one_line(error)}")


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Turn what Hydra and OmegaConf say of a config into a ``ValueError`` of one line."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        raise ValueError(one_line(error)) from error


def was_interrupted(error: BaseException) -> bool:
    """Whether an exception stems from Ctrl-C or a signal; Lightning turns those into an exit."""
    return isinstance(error, KeyboardInterrupt) or (
        isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt)
    )


def one_line(error: BaseException) -> str:
    """The reason for an error; of one while an object was built, also the key of its config."""
    if isinstance(error, InstantiationException):
        return _of_instantiation(error)
    if (behind := os_error_behind(error)) is not None:
        return named_os_error(behind)
    text = explained(_flat(str(error)))
    return text + EXTRAS if re.search("Could not find 'hydra/(launcher|sweeper)/", text) else text


def _of_instantiation(error: InstantiationException) -> str:
    cause, text = error.__cause__, _flat(str(error))
    key = re.search(r"full_key: (\S+)", str(error))
    if cause is None or not (is_user_error(cause) or isinstance(cause, TypeError)):
        return text
    reason = one_line(cause)
    inner = isinstance(cause, InstantiationException)
    return reason if key is None or inner or key[1] in reason else f"{reason} (in {key[1]})"


def _flat(text: str) -> str:
    """Text in one line, without what Hydra and OmegaConf add for their developers."""
    lines = text.partition("Config search path")[0].split("\n")
    return " ".join(" ".join(line for line in lines if "object_type=" not in line).split())
