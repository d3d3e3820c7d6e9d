"""A stack on two processes: both fine-tune all networks, and the first one writes."""

import subprocess
import sys
from pathlib import Path

import pytest

from reporting import Results
from scalegmn.formats import save_network
from scalegmn.targets import SmallCNN

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TINY = [
    *("experiment=baseline_magnitude", "data=digits", "data.batch_size=301", "sparsity=0.8"),
    *("finetune.engine=stacked", "finetune.lr=[1e-1,1e-2]", "finetune.max_epochs=2"),
    *("trainer.accelerator=cpu", "num_threads=1"),
]


def test_two_processes_end_like_one(tmp_path):
    weights = tmp_path / "net.safetensors"
    save_network(weights, SmallCNN().state_dict(), {})
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, trainer in ((one, "default"), (two, "ddp_cpu")):
        where = [f"target.weights={weights}", f"trainer={trainer}", f"hydra.run.dir={folder}"]
        done = subprocess.run(
            [sys.executable, "train.py", *TINY, *where],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    names = ("pruned_80.safetensors", "finetune/magnitude_80/lr_0.01/metrics.csv")
    for name in names:
        assert (one / name).read_bytes() == (two / name).read_bytes()
    (ours,), (theirs,) = (Results.read(d / "results.json").pruned for d in (two, one))
    assert ours.val_loss == pytest.approx(theirs.val_loss, rel=1e-5)
    assert ours.test_acc == pytest.approx(theirs.test_acc, abs=1e-6)
