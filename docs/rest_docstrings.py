"""Show roles and formulas of reStructuredText in docstrings as Markdown, for mkdocs.yml."""

import re
import textwrap

import griffe

ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|obj|exc):`~?([^`]+)`")
INLINE = re.compile(r":math:`([^`]+)`")
# The formula stands on the directive's line, or below it, further to the right.
DISPLAY = re.compile(r"^( *)\.\. math::([^\n]*)\n((?:\1 +[^\n]*\n|[ \t]*\n)*)", re.M)
LITERAL = re.compile(r"::$", re.M)


class RestDocstrings(griffe.Extension):
    """Rewrites every docstring before it is parsed."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def as_markdown(text: str) -> str:
    """The docstring with Markdown in place of roles and formulas.

    Args:
        text: without common indentation.
    """
    text = DISPLAY.sub(_display, f"{text}\n")
    text = INLINE.sub(r"\\(\1\\)", text)
    text = ROLE.sub(r"`\1`", text)
    return LITERAL.sub(":", text).strip()


def _display(match: re.Match[str]) -> str:
    indent, first, rest = match.groups()
    formula = "\n".join([first.strip(), *textwrap.dedent(rest).strip().splitlines()]).strip()
    lines = ["", "$$", *formula.splitlines(), "$$", ""]
    return "\n".join(indent + line if line else "" for line in lines) + "\n"
