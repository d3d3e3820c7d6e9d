"""Methods that train do on two processes what they do on one."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from reporting import Results
from scalegmn.formats import load_state
from scalegmn.pruning import load_masked
from scalegmn.targets import SmallCNN

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
# Ten steps of each fit, in batches of 15 images, which two processes cannot share equally. SGD,
# because Adam would hide a wrong scale of gradients. No dropout, because every process draws its
# own masks.
TINY = [
    *("experiment=baseline_gmp", "data=digits", "data.batch_size=15", "sparsity=[0.4,0.7]"),
    *("+pruner@compare.l1=l1", "+pruner@compare.imp=imp", "compare.imp.rounds=2"),
    *("+pruner@compare.imp_rewind=imp_rewind", "compare.imp_rewind.rounds=1"),
    *("optimizer=sgd", "optimizer.lr=1e-3", "pruner.every_n_steps=3", "trainer.accelerator=cpu"),
    *("trainer.max_epochs=2", "trainer.limit_train_batches=10", "trainer.limit_val_batches=4"),
    *("trainer.limit_test_batches=4", "optimizer@finetune.optimizer=sgd", "finetune.lr=1e-3"),
    *("finetune.max_epochs=1", "finetune.engine=lightning", "optimizer@dense.optimizer=sgd"),
    *("dense.max_epochs=2", "dense.data.batch_size=15", "compare.l1.threshold=1e-3"),
    *("compare.imp.lr=1e-3", "logger=none", "num_threads=1"),
]
FILES = ("gradual_40", "gradual_70", "imp_40/round_1/trained", "imp_rewind_70/round_1/trained")
PRUNED = ("pruned_70", "l1/pruned_70", "imp/pruned_70", "imp_rewind/pruned_40")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Of a run on one process, and of the same on two."""
    found = []
    for name, devices in (("one", []), ("two", ["trainer=ddp_cpu"])):
        folder = tmp_path_factory.mktemp(name)
        where = [f"hydra.run.dir={folder}", f"paths.dense_dir={folder}/shared"]
        done = subprocess.run(
            [sys.executable, "train.py", *devices, *TINY, *where],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stdout
        found.append(folder)
    return found


@pytest.mark.parametrize("name", FILES)
def test_masks_and_networks_do_not_depend_on_the_processes(folders, name):
    nets = [SmallCNN() for _ in folders]
    one, two = (
        load_masked(folder / f"{name}.safetensors", net)
        for folder, net in zip(folders, nets, strict=True)
    )
    assert one.sparsity > 0 and one.keep.keys() == two.keep.keys()
    for mask_name, keep in one.keep.items():
        assert torch.equal(keep, two.keep[mask_name])
    close(*(net.state_dict() for net in nets))


@pytest.mark.parametrize("name", [*PRUNED, "l1/sparse", "imp_rewind_early/early"])
def test_fine_tuned_networks_do_not_depend_on_the_processes(folders, name):
    close(*(load_state(folder / f"{name}.safetensors", SmallCNN()) for folder in folders))


def close(one, two):
    for name, tensor in one.items():
        assert torch.equal(tensor == 0, two[name] == 0), name
        assert torch.allclose(tensor, two[name], rtol=1e-5, atol=1e-5), name


def test_results_say_the_same(folders):
    one, two = (Results.read(folder / "results.json") for folder in folders)
    assert one.config_hash == two.config_hash
    assert [row.method for row in one.pruned[::2]] == [None, "l1", "imp", "imp_rewind"]
    for ours, theirs in zip(one.pruned, two.pruned, strict=True):
        assert ours.epochs_before_finetune == theirs.epochs_before_finetune > 0
        assert ours.nonzero == theirs.nonzero
        assert ours.val_loss == pytest.approx(theirs.val_loss, rel=1e-5)
