"""A network and data from the user's own files."""

import sys

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from pipelines.custom_target import custom_target
from pipelines.notebook import CONF, run

MODEL = '''
import torch
from torch import nn


class Net(nn.Module):
    """Two branches, one of them depthwise, that are joined and added."""

    def __init__(self, width=4, num_classes=10):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 2 * width, 3), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.point = nn.Conv2d(2 * width, width, 1)
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.head = nn.Linear(2 * width, num_classes)

    def forward(self, x):
        x = self.stem(x)
        y = self.point(x)
        return self.head((x + torch.cat([y, self.depth(y)], 1)).relu().mean((2, 3)))


def build(width=4, num_classes=10):
    return Net(width, num_classes)


NUMBER = 3


def nothing():
    return None


def fails():
    raise RuntimeError("my own\\nproblem")
'''
DATA = '''
import torch
from lightning import LightningDataModule
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler


class MyData(LightningDataModule):
    """Noise of three classes, whose training images are drawn with weights."""

    def __init__(self, rows=24):
        super().__init__()
        self.rows = rows

    def setup(self, stage):
        self.x = torch.randn(self.rows, 1, 9, 9, generator=torch.Generator().manual_seed(0))
        self.y = torch.arange(self.rows) % 3

    def train_dataloader(self):
        weights = 1.0 + self.y
        return self._loader(sampler=WeightedRandomSampler(weights, self.rows))

    def val_dataloader(self):
        return self._loader()

    def test_dataloader(self):
        return self._loader()

    def _loader(self, **options):
        return DataLoader(TensorDataset(self.x, self.y), batch_size=8, **options)
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("user")
    (folder / "my_model.py").write_text(MODEL)
    (folder / "my_data.py").write_text(DATA)
    return folder


@pytest.fixture
def model(folder):
    return folder / "my_model.py"


def test_network_and_data_in_the_current_folder_are_found(folder, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    results = run(
        "experiment=eq_prune_custom", "target.factory=my_model:build", "data=custom",
        "data._target_=my_data.MyData", "data.in_channels=1", "data.num_classes=3",
        "data.image_size=9", "debug=smoke", "sparsity=0.5", "logger=none", "finetune.lr=1e-3",
        "trainer.max_epochs=1", "finetune.max_epochs=1", f"paths.dense_dir={tmp_path}/dense",
        folder=tmp_path / "run",
    )  # fmt: skip
    assert (results.target, results.dataset) == ("custom", "custom")
    assert results.pruned[0].weight_sparsity == pytest.approx(0.5, abs=0.01)


def test_arguments_reach_the_function(model):
    assert custom_target(f"{model}:build", arguments={"width": 3}).point.out_channels == 3
    assert type(custom_target(f"{model}:Net")) is type(custom_target(f"{model}:build"))


def test_a_function_gets_those_facts_of_the_data_that_it_takes(model):
    facts = {"in_channels": 1, "num_classes": 7}
    assert custom_target(f"{model}:build", **facts).head.out_features == 7
    own = custom_target(f"{model}:build", arguments={"num_classes": 5}, **facts)
    assert own.head.out_features == 5


def test_modules_are_found_by_name(model, monkeypatch):
    monkeypatch.syspath_prepend(model.parent)
    assert custom_target("my_model:build").point.out_channels == 4


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (None, "target.factory=None: expected module:function"),
        ("my_model", "target.factory=my_model: expected module:function"),
        ("no_such_module:build", "no module no_such_module; run from its folder"),
        ("{file}:missing", "has no missing"),
        ("{file}:nothing", "made a NoneType; expected a torch.nn.Module"),
        ("{file}:fails", "target.factory=.*:fails: RuntimeError: my own problem$"),
        ("{folder}/other.py:build", "there is no file .*other.py"),
    ],
)
def test_what_makes_no_network_is_refused(model, factory, message):
    given = factory and factory.format(file=model, folder=model.parent)
    with pytest.raises(ValueError, match=message):
        custom_target(given)


def test_a_config_without_a_factory_says_what_to_give():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        cfg = compose("train", ["experiment=eq_prune_custom", "data=digits"])
    with pytest.raises(InstantiationException, match="expected module:function"):
        instantiate(cfg.target.net)
