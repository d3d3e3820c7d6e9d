"""Networks of users are known by their code."""

import pytest
from hydra import compose, initialize_config_dir
from torch import nn

from pipelines.identity import config_hash
from pipelines.recipe import recipe_hash
from pipelines.user_code import code_digest, network_digest
from tests.pipelines.test_recipe import CONF

CODE = "import torch\n\n\ndef build():\n    return torch.nn.{}()\n"


class Own(nn.Module):
    pass


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "own_network.py"
    file.write_text(CODE.format("ReLU"))
    return file


def test_a_factory_has_the_digest_of_its_file(file):
    first = code_digest(f"{file}:build")
    assert first == code_digest("own_network:build") and len(first) == 12
    file.write_text(CODE.format("Sigmoid"))
    assert code_digest(f"{file}:build") == code_digest("own_network:build") != first


@pytest.mark.parametrize("factory", [None, "", "no_such_module:build", "none.py:build", "a.b.c:d"])
def test_what_is_not_found_has_none(factory):
    assert code_digest(factory) is None


def test_changed_code_is_another_dense_network_and_another_run(file):
    found = []
    for kind in ("ReLU", "Sigmoid", "ReLU"):
        file.write_text(CODE.format(kind))
        chosen = ["experiment=baseline_magnitude", "target=custom", f"target.factory={file}:build"]
        with initialize_config_dir(str(CONF), version_base="1.3"):
            cfg = compose("train", overrides=["paths.run_dir=/run", *chosen])
        cfg.target.code = code_digest(cfg.target.factory)  # once per command
        found.append((recipe_hash(cfg), config_hash(cfg)))
    assert found[0] == found[2] and all(a != b for a, b in zip(*found[:2], strict=True))


def test_a_network_has_the_digest_of_its_layers_and_of_its_own_classes(monkeypatch):
    relu, own = nn.Sequential(nn.ReLU()), nn.Sequential(Own())
    assert network_digest(relu) == network_digest(nn.Sequential(nn.ReLU()))
    assert len({network_digest(net) for net in (relu, own, nn.Sequential(nn.Tanh()))}) == 3
    before = network_digest(own)
    monkeypatch.setattr("pipelines.user_code.inspect.getsource", lambda cls: "changed")
    assert network_digest(own) != before
