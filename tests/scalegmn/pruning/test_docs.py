"""The worked example of docs/extend/score.md."""

import re
import sys
from pathlib import Path

import torch
from torch import nn

PAGE = (Path(__file__).parents[3] / "docs" / "extend" / "score.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python(?: title=\"([^\"]+)\")?\n(.*?)^```$", flags=re.M | re.S)


def test_a_score_of_ones_own_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    blocks = BLOCK.findall(PAGE)
    for file, code in blocks:
        if file:
            (tmp_path / file).write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    names = {}
    try:
        for file, code in blocks:
            if not file:
                exec(compile(code, "docs/extend/score.md", "exec"), names)
    finally:
        wanda = sys.modules.pop("wanda").wanda
        sys.modules.pop("in_order", None)
    assert capsys.readouterr().out == "0.90\n"
    kept = {name: int(keep.sum()) for name, keep in names["mask"].keep.items()}
    assert kept == {"0.weight": 10, "3.weight": 2952 - int(2952 * 0.5) - 10}
    # What the text says it is.
    net, x = nn.Linear(3, 2), torch.randn(5, 3)
    expected = net.weight.abs() * x.norm(dim=0)
    scores = wanda(nn.Sequential(net), [(x, torch.zeros(5))])
    torch.testing.assert_close(scores["0.weight"], expected.detach())
