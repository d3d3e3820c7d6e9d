"""The page on data sets of one's own, run as it is written."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hydra.utils import instantiate
from lightning import LightningModule
from omegaconf import OmegaConf

from datamodules.protocols import check_data
from scalegmn.targets import SmallCNN

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.M | re.S)
BLOCKS = BLOCK.findall((ROOT / "docs" / "extend" / "data.md").read_text())


class Classifier(LightningModule):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def training_step(self, batch, index):
        x, y = batch
        return F.cross_entropy(self.net(x), y)

    def validation_step(self, batch, index):
        x, y = batch
        correct = (self.net(x).argmax(1) == y).float().mean()
        self.log("accuracy", correct, batch_size=len(y))

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=0.02)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The files of the page; their modules can be imported from the package."""
    for _, title, code in BLOCKS:
        if title:
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(code)
    import datamodules

    monkeypatch.setattr(
        datamodules, "__path__", [*datamodules.__path__, str(tmp_path / "datamodules")]
    )
    yield tmp_path
    for name in ("stripes", "rings"):
        sys.modules.pop(f"datamodules.{name}", None)


def test_the_program_runs(project):
    program = "\n".join(code for kind, title, code in BLOCKS if kind == "python" and not title)
    extend = f"import datamodules\ndatamodules.__path__.append({str(project / 'datamodules')!r})\n"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", extend + program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    stripes, rings, error = done.stdout.splitlines()
    assert stripes == "stripes torch.float32 [64, 1, 32, 32] torch.int64 [64]"
    assert rings.startswith("rings torch.float32 [64, 1, 32, 32]")
    assert error.startswith("data.in_channels=3, but stripes has 1: set data.in_channels=1, or")


@pytest.mark.parametrize("name", ["stripes", "rings"])
def test_a_config_of_the_page_trains_a_network(project, name, make_trainer):
    cfg = OmegaConf.create({"seed": 42, "data": OmegaConf.load(project / f"conf/data/{name}.yaml")})
    data = instantiate(cfg.data)
    check_data(data)
    assert data.name == name
    torch.manual_seed(0)
    net = SmallCNN(cfg.data.in_channels, cfg.data.num_classes, width=4)
    trainer = make_trainer(max_epochs=10)
    trainer.fit(Classifier(net), datamodule=data)
    assert trainer.callback_metrics["accuracy"] > 0.7
