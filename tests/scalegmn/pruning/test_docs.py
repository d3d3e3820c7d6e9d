"""The worked example of docs/extend/score.md."""

import re
import sys
from pathlib import Path

import torch
from torch import nn

PAGE = (Path(__file__).parents[3] / "docs" / "extend" / "score.md").read_text()


def test_a_score_of_ones_own_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    module, *examples = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.M | re.S)
    (tmp_path / "wanda.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    names = {}
    try:
        for example in examples:
            exec(compile(example, "docs/extend/score.md", "exec"), names)
    finally:
        wanda = sys.modules.pop("wanda").wanda
    assert capsys.readouterr().out == "0.90\n"
    kept = {name: int(keep.sum()) for name, keep in names["mask"].keep.items()}
    assert kept == {"0.weight": 10, "3.weight": 2952 - int(2952 * 0.5) - 10}
    # What the text says it is.
    net, x = nn.Linear(3, 2), torch.randn(5, 3)
    expected = net.weight.abs() * x.norm(dim=0)
    scores = wanda(nn.Sequential(net), [(x, torch.zeros(5))])
    torch.testing.assert_close(scores["0.weight"], expected.detach())
