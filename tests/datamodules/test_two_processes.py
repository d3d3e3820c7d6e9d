"""Under DDP every row is seen by one process, in our data modules and in those of users."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# With Lightning's defaults; each process prints the labels that it was shown.
FIT = """
import json, sys
import lightning as L
import torch
from torch.utils.data import DataLoader, Sampler, TensorDataset
from datamodules.digits import Digits

class Plain(L.LightningDataModule):
    def train_dataloader(self):
        return DataLoader(TensorDataset(torch.zeros(8, 1), torch.arange(8)), batch_size=2)

class Odd(Sampler):
    # A user's own sampler: odd rows only, the last ones first.

    def __len__(self):
        return 4

    def __iter__(self):
        return iter([7, 5, 3, 1])

class Sampled(L.LightningDataModule):
    def train_dataloader(self):
        rows = TensorDataset(torch.zeros(8, 1), torch.arange(8))
        return DataLoader(rows, batch_size=1, sampler=Odd())

class Witness(L.LightningModule):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []

    def training_step(self, batch, index):
        self.seen += batch[1].tolist()
        return self.weight.sum()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters())

seen = []
for data in (Digits(batch_size=100), Plain(), Sampled()):
    module = Witness()
    trainer = L.Trainer(
        accelerator="cpu", devices=2, strategy="ddp", max_epochs=1, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )
    trainer.fit(module, datamodule=data)
    seen.append(module.seen)
sys.stdout.write(json.dumps(seen) + "\\n")
"""


def test_processes_share_the_rows_of_any_data_module(tmp_path):
    (tmp_path / "fit.py").write_text(FIT)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(tmp_path / "fit.py")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    lines = [json.loads(x) for x in done.stdout.splitlines() if x.startswith("[[")]
    assert done.returncode == 0 and len(lines) == 2, done.stderr
    digits, plain, sampled = zip(*lines, strict=True)
    assert sorted(map(len, digits)) == [647, 648]  # of 1,295: none twice
    assert sorted(plain[0] + plain[1]) == list(range(8))
    assert sorted(sampled[0] + sampled[1]) == [1, 3, 5, 7] and len(sampled[0]) == 2
