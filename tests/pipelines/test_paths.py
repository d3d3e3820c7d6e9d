import pytest
from omegaconf import OmegaConf

from pipelines.paths import expand_home, with_home


@pytest.fixture(autouse=True)
def home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")


def test_every_path_of_a_config_knows_the_home_folder(monkeypatch):
    monkeypatch.setenv("SOMEWHERE", "~/data")
    cfg = OmegaConf.create(
        {
            "paths": {"data_dir": "${oc.env:SOMEWHERE,data/}", "run_dir": "~"},
            "target": {"weights": "~/dense.safetensors"},
            "zoo": {"base": "${paths.data_dir}/zoo", "folder": None},
            "roots": ["~/a", "b"],
            "other": {"text": "about ~/a", "half": "a~/b", "tilde": "~5", "missing": "???"},
        }
    )
    OmegaConf.set_struct(cfg, True)
    expand_home(cfg)
    assert cfg.paths == {"data_dir": "/home/ada/data", "run_dir": "/home/ada"}
    assert cfg.target.weights == "/home/ada/dense.safetensors"
    assert cfg.zoo == {"base": "/home/ada/data/zoo", "folder": None}
    assert cfg.roots == ["/home/ada/a", "b"]
    assert cfg.other.text == "about ~/a" and cfg.other.half == "a~/b" and cfg.other.tilde == "~5"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("hydra.run.dir=~/runs/a", "hydra.run.dir=/home/ada/runs/a"),
        ('hydra.run.dir="~/runs/a b"', 'hydra.run.dir="/home/ada/runs/a b"'),
        ("hydra.sweep.dir='~'", "hydra.sweep.dir='/home/ada'"),
        ("++hydra.run.dir=~/a", "++hydra.run.dir=/home/ada/a"),
        ("hydra.run.dir=runs/~/a", "hydra.run.dir=runs/~/a"),
        ("target.weights=~/a.pt,~/b.pt", "target.weights=/home/ada/a.pt,/home/ada/b.pt"),
        ("roots=[~/a, '~/b',c]", "roots=[/home/ada/a, '/home/ada/b',c]"),
        ("zoo={base: ~/a,folder:~/b}", "zoo={base: /home/ada/a,folder:/home/ada/b}"),
        ("file=~nobody_of_this_name/a", "file=~nobody_of_this_name/a"),
        ("name=a~/b", "name=a~/b"),
        ("~optimizer=adam", "~optimizer=adam"),
        ("--config-dir=~/conf", "--config-dir=/home/ada/conf"),
        ("~callbacks.figures", "~callbacks.figures"),
        ("seed=1", "seed=1"),
    ],
)
def test_overrides_know_it_too(given, expected):
    assert with_home([given]) == [expected]
