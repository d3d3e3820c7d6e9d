"""A network from the user's own file, pruned by several methods."""

import pytest
import torch
from hydra.errors import InstantiationException

from pipelines.custom_target import custom_target
from pipelines.notebook import run

MODEL = '''
import torch
from torch import nn


class Net(nn.Module):
    """Two branches, one of them depthwise, that are joined and added."""

    def __init__(self, width=4):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 2 * width, 3), nn.BatchNorm2d(2 * width), nn.ReLU())
        self.point = nn.Conv2d(2 * width, width, 1)
        self.depth = nn.Conv2d(width, width, 3, padding=1, groups=width)
        self.head = nn.Linear(2 * width, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.point(x)
        return self.head((x + torch.cat([y, self.depth(y)], 1)).relu().mean((2, 3)))


def build(width=4):
    return Net(width)


NUMBER = 3


def nothing():
    return None
'''


@pytest.fixture
def model(tmp_path):
    file = tmp_path / "my_model.py"
    file.write_text(MODEL)
    return file


@pytest.mark.parametrize("experiment", ["eq_prune_custom", "baseline_magnitude"])
def test_a_network_from_a_file_is_pruned(model, experiment, tmp_path):
    weights = tmp_path / "my_weights.pt"
    torch.save(custom_target(f"{model}:build").state_dict(), weights)
    results = run(
        f"experiment={experiment}", "target=custom", f"target.factory={model}:build",
        f"target.weights={weights}", "data=digits", "sparsity=0.5", "debug=smoke", "logger=none",
        folder=tmp_path / "run",
    )  # fmt: skip
    assert results.target == "custom"
    assert results.dense.saw_validation
    assert results.pruned[0].weight_sparsity == pytest.approx(0.5, abs=0.01)


def test_arguments_reach_the_function(model):
    assert custom_target(f"{model}:build", arguments={"width": 3}).point.out_channels == 3
    assert type(custom_target(f"{model}:Net")) is type(custom_target(f"{model}:build"))


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
        ("{folder}/other.py:build", "there is no file .*other.py"),
    ],
)
def test_what_makes_no_network_is_refused(model, factory, message):
    given = factory and factory.format(file=model, folder=model.parent)
    with pytest.raises(ValueError, match=message):
        custom_target(given)


def test_a_run_without_a_factory_says_what_to_give(tmp_path):
    with pytest.raises(InstantiationException, match="expected module:function"):
        run("experiment=eq_prune_custom", "data=digits", "debug=smoke", folder=tmp_path / "run")
