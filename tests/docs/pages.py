"""Read the code blocks of a page, and run them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.M | re.S)
PROJECT = ("conf", "callbacks", "datamodules", "lightning_modules", "pipelines", "reporting")
SCRIPTS = ("train.py", "evaluate.py", "report.py")


@dataclass(frozen=True)
class Block:
    language: str
    title: str | None
    code: str


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return [Block(language, title or None, code) for language, title, code in BLOCK.findall(text)]


def project_copy(folder: Path) -> Path:
    """A copy of the project that a page may add files to."""
    for name in (*PROJECT, "scalegmn"):
        shutil.copytree(ROOT / name, folder / name)
    for name in SCRIPTS:
        shutil.copy(ROOT / name, folder / name)
    return folder


def add_files(page: str, folder: Path) -> None:
    """Write the blocks whose title is a file."""
    for block in blocks(page):
        if block.title is not None:
            (folder / block.title).write_text(block.code, encoding="utf-8")


def commands(page: str) -> list[str]:
    """The commands of a page, one a line."""
    joined = "".join(b.code for b in blocks(page) if b.language == "bash").replace("\\\n", " ")
    return [line.strip() for line in joined.splitlines() if line.strip()]


def program(page: str) -> str:
    """The Python of a page that belongs to no file, in one piece."""
    return "\n".join(b.code for b in blocks(page) if b.language == "python" and b.title is None)


def shell(command: str, folder: Path) -> str:
    """Run a command as a user would, with this Python; its output.

    Raises:
        AssertionError: if it fails.
    """
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    # Not the project that the tests run in.
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def python(code: str, folder: Path) -> str:
    """Run Python code in a process of its own; its output."""
    (folder / "page.py").write_text(code, encoding="utf-8")
    return shell("python page.py", folder)
