"""Packages that only some commands need."""

from collections.abc import Sequence
from importlib.util import find_spec


def missing(packages: Sequence[str]) -> list[str]:
    """The packages that are not installed."""
    return [name for name in packages if find_spec(name) is None]


def require(packages: Sequence[str], what: str, *, extra: str = "export") -> None:
    """Check that packages of an extra are installed.

    Args:
        packages: names to import.
        what: needs them.
        extra: that has them, of ``pyproject.toml``.

    Raises:
        ValueError: with the command that installs them.
    """
    if names := missing(packages):
        raise ValueError(f'{what} needs {", ".join(names)}: pip install -e ".[{extra}]"')
