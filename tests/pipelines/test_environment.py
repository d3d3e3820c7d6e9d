import os
from pathlib import Path

import pytest

from pipelines.environment import environment

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("given", "kept"), [(None, []), ("", []), ("/a:/b", ["/a", "/b"])])
def test_jobs_find_the_project_and_what_the_user_gave(given, kept, monkeypatch):
    monkeypatch.setattr(os, "pathsep", ":")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    if given is not None:
        monkeypatch.setenv("PYTHONPATH", given)
    assert environment()["PYTHONPATH"].split(":") == [str(ROOT), *kept]
