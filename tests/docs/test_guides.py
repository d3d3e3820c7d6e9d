"""The Python of the guides runs from top to bottom, and prints what they say."""

from pathlib import Path

import pytest
from pages import program


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    """Run the code of a page in an empty folder; what it printed."""

    def run(page):
        monkeypatch.chdir(tmp_path)
        exec(compile(program(page), page, "exec"), {"__name__": page})
        return capsys.readouterr().out

    return run


def test_the_library(printed):
    out = printed("guide/library.md")
    assert "59 nodes, 688 edges" in out
    assert "15,330 parameters\n1,224,705 parameters" in out


def test_a_network_of_your_own(printed):
    half, most, read, refused, *small = printed("guide/your_network.md").splitlines()
    assert half.startswith("0.5") and most.startswith("0.79") and half.endswith("[1, 3])")
    assert read.startswith("NetworkGraph(")
    assert "ChannelShuffle" in refused
    assert "Conv2d(3, 5" in small[1] and "in_features=5" in small[5]


def test_export(printed):
    assert printed("guide/export.md") == "{'features.6': (16, 13)}\n"
    assert Path("net.sparse").exists()


def test_notebooks(printed):
    assert printed("guide/notebooks.md").startswith("0.8 0.79")
    assert Path("outputs/notebook/results.json").exists()
