"""Whole runs of a method on digits, stopped and started again."""

import json
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from safetensors.torch import load_file

from lightning_modules.classifier import Classifier
from reporting import Results
from train import train

ROOT = Path(__file__).parents[3]
# Momentum, dropout, a last batch that is smaller.
TINY = (
    *("data=digits", "data.batch_size=300", "dense.max_epochs=2", "target.net.dropout=0.2"),
    *("trainer.limit_val_batches=2", "trainer.limit_test_batches=2", "logger=none"),
    *("finetune.lr=1e-2", "finetune.max_epochs=2", "finetune.engine=lightning"),
    "trainer.accelerator=cpu",
)


class Stopped(Exception):
    """Ends a run where a test wants it to end."""


@pytest.fixture(autouse=True)
def determinism():
    yield
    torch.use_deterministic_algorithms(False)


@pytest.fixture(scope="session")
def prune():
    """Runs a command in a folder, and returns its results."""

    def prune(folder, *overrides):
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            where = [f"paths.run_dir={folder}"]
            train(compose("train", overrides=[*TINY, *overrides, *where]))
        return Results.read(folder / "results.json")

    return prune


@pytest.fixture
def stopped(prune, monkeypatch):
    """Runs a command until a batch of the fit whose folder ends with a name, counted from 1."""

    def stopped(folder, part, batch, *overrides, module=Classifier):
        step, seen = module.training_step, []

        def training_step(self, *args):
            if any(str(c.dirpath).endswith(part) for c in self.trainer.checkpoint_callbacks):
                seen.append(args)
                if len(seen) == batch:
                    raise Stopped
            return step(self, *args)

        with monkeypatch.context() as patch:
            patch.setattr(module, "training_step", training_step)
            with pytest.raises(Stopped):
                prune(folder, *overrides)
        assert not (folder / "results.json").exists()

    return stopped


@pytest.fixture
def same():
    """Checks that two runs ended alike: results, and every network bit by bit."""

    def same(one, other):
        found, expected = (json.loads((f / "results.json").read_text()) for f in (one, other))
        for results in (found, expected):
            for key in ("wall_seconds", "peak_memory_mb"):
                results.pop(key)
            results.pop("method_seconds", None)  # Only runs that were not interrupted know it.
        assert found == expected
        files = sorted(file.relative_to(other) for file in other.rglob("*.safetensors"))
        assert files == sorted(file.relative_to(one) for file in one.rglob("*.safetensors"))
        for file in files:
            ours, theirs = load_file(one / file), load_file(other / file)
            assert ours.keys() == theirs.keys()
            for name, tensor in ours.items():
                assert torch.equal(tensor, theirs[name]), f"{file}: {name}"

    return same


@pytest.fixture
def zeros():
    """The number of zeros among the weights of a network's file."""

    def zeros(file):
        weights = [t for n, t in load_file(file).items() if n.endswith("weight") and t.ndim > 1]
        assert sum(w.numel() for w in weights if w.dtype.is_floating_point) == 4912
        return sum(int((w == 0).sum()) for w in weights if w.dtype.is_floating_point)

    return zeros
