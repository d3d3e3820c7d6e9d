import contextlib
import io
import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "results.md").read_text(encoding="utf-8")


def test_the_example_prints_every_row(run, tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    for seed in (1, 2, 3):
        run(seed, test_acc=seed / 10).write(tmp_path / "outputs" / str(seed) / "results.json")
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    dense, pruned = printed.getvalue().splitlines()
    assert dense.startswith("cifar10_gray dense 0.0 57.00")
    assert pruned.startswith("cifar10_gray magnitude 0.9 20.00 ± 10.00")
