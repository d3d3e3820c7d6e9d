"""Copies of a report's tables in Markdown pages."""

import re
from pathlib import Path

from scalegmn.formats import atomic_path

ROOT = Path(__file__).parents[1]
COPY = re.compile(
    r"(?P<head><!-- results: (?:section (?P<section>\d+) of )?(?P<file>\S+), .*?-->\n)"
    r"(?P<copy>.*?)(?P<tail><!-- end of results -->)",
    re.S,
)


def update_copies(page: Path, root: Path = ROOT) -> None:
    """Copy the tables anew that a page shows between ``<!-- results: FILE, ... -->`` and its end.

    ``section N of FILE`` stands for the text below the Nth heading that is not the file's title.

    Args:
        page: Markdown.
        root: that the names of files are relative to.

    Raises:
        FileNotFoundError: if the page or a file is missing.
        ValueError: if a file has no such section, or the page no copy.
    """
    text = page.read_text(encoding="utf-8")
    if not COPY.search(text):
        raise ValueError(f"pages: {page} has no <!-- results: FILE, ... --> to bring up to date")
    new = COPY.sub(lambda found: f"{found['head']}{written(found, root)}\n{found['tail']}", text)
    if new != text:
        with atomic_path(page) as temporary:
            temporary.write_text(new, encoding="utf-8")


def written(copy: re.Match[str], root: Path = ROOT) -> str:
    """What a copy should be."""
    text = (root / copy["file"]).read_text(encoding="utf-8")
    if copy["section"] is None:
        return text.strip()
    # Without the heading: a copy stands below the page's own.
    sections = re.split(r"^##+ .*$", text, flags=re.M)
    if int(copy["section"]) >= len(sections):
        raise ValueError(f"{root / copy['file']} has no section {copy['section']}")
    return sections[int(copy["section"])].strip()
