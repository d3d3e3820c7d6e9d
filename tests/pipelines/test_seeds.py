"""Several seeds in one run, against a run of each."""

from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from safetensors.torch import load_file

from pipelines.finetuning import stack
from pipelines.run_record import begin_session
from pipelines.seeds import execute_seeds, of_each_seed
from reporting import Results
from scalegmn.stacked import StackedNetworks
from train import train

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SEEDS = (3, 5)
# The higher rate stops early; distillation needs the dense network of each seed.
TINY = [
    *("experiment=baseline_magnitude", "data=digits", "data.batch_size=300", "dense.max_epochs=3"),
    *("sparsity=[0.5,0.9]", "trainer.accelerator=cpu", "finetune=distill"),
    *("finetune.lr=[3e-1,1e-2]", "finetune.max_epochs=5", "finetune.patience=1"),
]


def composed(folder, *overrides):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        given = [*TINY, f"paths.run_dir={folder}", f"paths.dense_dir={folder.parent}/dense"]
        return compose("train", overrides=[*given, *overrides])


def together(folder, engine="stacked"):
    seeds = f"seeds=[{','.join(map(str, SEEDS))}]"
    return execute_seeds(composed(folder, seeds, f"finetune.engine={engine}"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds") / "run"
    return folder, together(folder)


def timeless(results):
    return [(row.sparsity, row.finetune_lr, row.finetune_epochs) for row in results.pruned]


def test_each_seed_ends_as_in_a_run_of_its_own(whole, tmp_path):
    folder, found = whole
    assert [results.seed for results in found] == list(SEEDS)
    for seed, ours in zip(SEEDS, found, strict=True):
        alone = tmp_path / f"{seed}"
        theirs = train(composed(alone, f"seed={seed}", "finetune.engine=stacked"))
        assert ours.protocol == theirs.protocol and ours.config_hash == theirs.config_hash
        assert ours.dense == theirs.dense and timeless(ours) == timeless(theirs)
        own = folder / f"seed_{seed}"
        assert Results.read(own / "results.json").pruned == ours.pruned
        for file in alone.rglob("*.safetensors"):
            mine, other = load_file(own / file.relative_to(alone)), load_file(file)
            assert mine.keys() == other.keys()
            for name in other:
                torch.testing.assert_close(mine[name], other[name], rtol=1e-4, atol=1e-6)
    first, second = (load_file(folder / f"seed_{s}" / "pruned_90.safetensors") for s in SEEDS)
    assert not torch.equal(first["fc.weight"], second["fc.weight"])


def test_all_networks_are_one_stack_that_goes_on_where_it_was_killed(whole, tmp_path, monkeypatch):
    folder, expected = whole
    monkeypatch.setattr(stack, "SECONDS", 0)
    run, calls = StackedNetworks.train, []

    def train_until(self, *batches):
        calls.append(len(self))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run(self, *batches)

    monkeypatch.setattr(StackedNetworks, "train", train_until)
    with pytest.raises(KeyboardInterrupt):
        together(tmp_path / "run")
    assert calls == [8, 8] and (tmp_path / "run" / "finetune" / "stack.ckpt").exists()
    results = together(tmp_path / "run")
    assert [r.pruned for r in results] == [r.pruned for r in expected]
    for file in folder.rglob("*.safetensors"):
        assert (tmp_path / "run" / file.relative_to(folder)).read_bytes() == file.read_bytes()
    assert not (tmp_path / "run" / "finetune").exists()


def test_what_is_finished_is_only_read(whole, monkeypatch):
    folder, expected = whole
    monkeypatch.setattr("pipelines.seeds.prepared", lambda cfg: pytest.fail("nothing is left"))
    assert [r.pruned for r in together(folder)] == [r.pruned for r in expected]


def test_without_a_stack_one_follows_the_other(whole, tmp_path):
    found = together(tmp_path / "run", engine="lightning")
    for ours, stacked in zip(found, whole[1], strict=True):
        assert timeless(ours) == timeless(stacked)
        assert ours.protocol["finetune.engine"] == "lightning"


def test_a_stack_of_other_seeds_is_not_continued(tmp_path):
    folder = tmp_path / "run"
    (folder / "finetune").mkdir(parents=True)
    torch.save({"names": ["seed_9/finetune/x"], "quality": []}, folder / "finetune" / "stack.ckpt")
    with pytest.raises(ValueError, match="stack.ckpt is of other seeds, or .*with seed_9/"):
        together(folder)


@pytest.mark.parametrize("seeds", [[], [1, 1], [1.5], ["a"], [-1], [True]])
def test_seeds_that_are_none_are_refused(seeds):
    cfg = OmegaConf.create({"seed": 0, "seeds": seeds, "paths": {"run_dir": "run"}})
    with pytest.raises(ValueError, match="seeds=.*expected different whole numbers"):
        of_each_seed(cfg)


def test_one_run_does_not_take_several(tmp_path):
    with pytest.raises(ValueError, match=r"seeds=\[3, 5\]: this is one run"):
        train(composed(tmp_path / "run", "seeds=[3,5]"))
    assert not (tmp_path / "run").exists()


def test_a_folder_of_one_run_does_not_take_several(tmp_path):
    folder = tmp_path / "run"
    begin_session(folder, "0")
    with pytest.raises(ValueError, match="holds a run of one seed"):
        together(folder)


def test_only_pruning_takes_several(tmp_path):
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        given = ["experiment=train_small_cnn", "data=digits", "seeds=[1,2]"]
        cfg = compose("train", overrides=[*given, f"paths.run_dir={tmp_path}/run"])
    with pytest.raises(ValueError, match="seeds: only pruning takes several; sweep over them"):
        execute_seeds(cfg)
    assert not (tmp_path / "run").exists()
