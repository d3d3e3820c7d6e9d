"""The sweeps of conf/sweep: every job composes, and the grids are those of the paper."""

from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

import pipelines  # noqa: F401  Configs call its resolvers.
from pipelines.config_check import check_types

CONF = Path(__file__).parents[1] / "conf"
SWEEPS = sorted(file.stem for file in (CONF / "sweep").glob("*.yaml"))
TABLES = {"table1_small_cnn": "small_cnn", "table1_vgg19": "vgg19"}
GRIDS = {"table1_small_cnn": 3, "table1_vgg19": 6}


def params(sweep):
    return OmegaConf.load(CONF / "sweep" / f"{sweep}.yaml").hydra.sweeper.params


def jobs(sweep, *given):
    """The overrides of each job, as Hydra makes them from a sweep's file and a command line."""
    lines = [f"{key}={value}" for key, value in params(sweep).items()]
    parsed = OverridesParser.create().parse_overrides([*lines, *given])
    (batch,) = BasicSweeper.split_arguments(parsed, max_batch_size=None)
    return batch


def composed(sweep, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        overrides = [f"+sweep={sweep}", *overrides, "paths.run_dir=run"]
        cfg = compose("train", overrides=overrides, return_hydra_config=True)
    cfg.config_hash = "-"  # Filled in by a run.
    return cfg


def cells(sweep):
    experiments = params(sweep).experiment.split(",")
    return [pytest.param(sweep, name, id=f"{sweep}: {name}") for name in experiments]


@pytest.mark.parametrize(("sweep", "experiment"), [c for s in SWEEPS for c in cells(s)])
def test_every_cell_composes(sweep, experiment):
    rest = [override for override in jobs(sweep)[0] if not override.startswith("experiment=")]
    cfg = composed(sweep, *rest, f"experiment={experiment}")
    assert cfg.hydra.sweep.dir == f"outputs/{sweep}"
    del cfg.hydra
    check_types(cfg)
    if sweep in TABLES:
        assert cfg.target.name == TABLES[sweep] and cfg.selection.gauge == "balanced"
        assert list(cfg.finetune.lr) == [10.0**-k for k in range(2, 2 + GRIDS[sweep])]
        assert (cfg.finetune.max_epochs, cfg.finetune.patience) == (1000, 10)
        is_control = experiment == "table1/dense"
        assert cfg.sparsity == (0 if is_control else cfg.target.sparsities)


@pytest.mark.parametrize("sweep", TABLES)
def test_a_table_has_all_methods_in_both_gauges_with_three_seeds(sweep):
    overrides = jobs(sweep)
    names = params(sweep).experiment.split(",")
    assert len(overrides) == 2 * 3 * len(names) and len(set(names)) == len(names)
    # A complete small table comes first.
    first = {o.partition("=")[2] for job in overrides[: len(names)] for o in job}
    assert {"balanced", "42", *names} >= first - {"vgg19"} >= set(names)
    assert "raw" not in first and "43" not in first


def test_documentation_says_how_many_jobs_a_table_has():
    page = (CONF.parent / "docs" / "sweeps.md").read_text(encoding="utf-8")
    assert f"`table1_small_cnn` has {len(jobs('table1_small_cnn'))} jobs" in page


def test_the_command_line_narrows_a_sweep():
    assert len(jobs("table1_small_cnn", "seed=1", "selection.gauge=raw", "experiment=a,b")) == 2
    job = jobs("eq_operator", "experiment=eq_prune_vgg19", "model.l1_weight=1e-5")[-1]
    cfg = composed("eq_operator", *job)
    assert cfg.target.name == "vgg19" and (cfg.model.l1_weight, cfg.optimizer.lr) == (1e-5, 3e-3)


@pytest.mark.parametrize("sweep", SWEEPS)
def test_a_sweep_can_be_tried_in_seconds(sweep):
    experiment = params(sweep).experiment.partition(",")[0]
    cfg = composed(sweep, *jobs(sweep, f"experiment={experiment}")[0], "debug=smoke")
    assert cfg.finetune.max_epochs == cfg.trainer.max_epochs == 2 and cfg.sparsity == 0.8
