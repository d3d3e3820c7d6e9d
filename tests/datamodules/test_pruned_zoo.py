import numpy as np
import pandas as pd
import pytest
import torch

from datamodules.pruned_zoo import PrunedZoo
from datamodules.small_cnn_zoo import SmallCNNZoo
from datamodules.zoo_union import ZooUnion
from tests.zoos import metrics_of, write_split, write_zoo

DRAWS = 100


@pytest.fixture
def base_metrics():
    return metrics_of(60, steps=(0, 86))


@pytest.fixture
def pruned_metrics(base_metrics):
    """Three records of each of 100 networks drawn with replacement."""
    rng = np.random.default_rng(5)
    rows = rng.integers(len(base_metrics), size=DRAWS)
    sparsity = rng.uniform(0, 0.5, DRAWS).round(6)
    return pd.DataFrame(
        {
            "config.activation": base_metrics["config.activation"].to_numpy()[rows].repeat(3),
            "config.base_row": rows.repeat(3),
            "config.sparsity": sparsity.repeat(3),
            "config.finetune_epoch": np.tile([0, 5, 10], DRAWS),
            "modeldir": [f"draw_{i}" for i in range(DRAWS) for _ in range(3)],
            "step": np.tile([0, 5, 10], DRAWS),
            "test_accuracy": rng.uniform(size=3 * DRAWS),
            "val_accuracy": rng.uniform(size=3 * DRAWS),
        }
    )


@pytest.fixture
def data_dir(tmp_path, base_metrics, pruned_metrics):
    write_zoo(tmp_path / "cifar10", base_metrics)
    write_split(tmp_path / "cifar10" / "cifar10_split.csv", len(base_metrics))
    write_zoo(tmp_path / "pruned_zoo", pruned_metrics)
    return tmp_path


def pruned(data_dir, **options):
    return PrunedZoo(base=SmallCNNZoo(data_dir=data_dir), data_dir=data_dir, **options)


def ready(data):
    data.setup()
    return data


def whole(data, split):
    """Row in the zoo, label and sparsity of all networks in a split."""
    batches = list(getattr(data, f"{split}_dataloader")())
    rows = torch.cat([b.parameters["features.0.bias"][:, 0] for b in batches]).long()
    return (
        rows.numpy(),
        torch.cat([b.label for b in batches]),
        torch.cat([b.sparsity for b in batches]),
    )


def base_runs(data_dir):
    """The base runs in each split: of the base zoo, and of the pruned one."""
    base, data = ready(SmallCNNZoo(data_dir=data_dir)), ready(pruned(data_dir))
    rows = data.records()["train"][0].zoo.metrics["config.base_row"].to_numpy()
    for split in ("train", "val", "test"):
        yield set(whole(base, split)[0] // 2), set(rows[whole(data, split)[0]] // 2)


def test_a_record_is_in_the_split_of_its_base_network(data_dir):
    for before, after in base_runs(data_dir):
        assert after and after <= before


def test_sparsities_and_labels_are_those_of_the_records(data_dir, pruned_metrics):
    rows, label, sparsity = whole(ready(pruned(data_dir)), "train")
    table = pruned_metrics.iloc[rows]
    assert np.allclose(label, table["val_accuracy"]) and np.allclose(
        sparsity, table["config.sparsity"]
    )


def test_all_records_are_there_and_an_epoch_can_be_chosen(data_dir, pruned_metrics):
    data = ready(pruned(data_dir))
    assert sum(len(whole(data, s)[0]) for s in ("train", "val", "test")) == 3 * DRAWS
    last = ready(pruned(data_dir, step="last"))
    assert set(pruned_metrics["step"].iloc[whole(last, "train")[0]]) == {10}


def test_the_union_has_both_in_the_same_splits(data_dir):
    union = ready(ZooUnion(pruned=pruned(data_dir), label="test_accuracy", batch_size=32))
    parts = ready(SmallCNNZoo(data_dir=data_dir)), ready(pruned(data_dir, label="test_accuracy"))
    assert union.name == "cifar10_and_pruned_zoo"
    for split in ("train", "val", "test"):
        labels = [whole(part, split)[1] for part in parts]
        assert torch.equal(torch.cat(labels).sort().values, whole(union, split)[1].sort().values)


def test_a_record_of_a_run_that_crashed_is_left_out(data_dir, base_metrics):
    write_zoo(data_dir / "cifar10", base_metrics.assign(step=[0, 86] * 59 + [0, 3]))
    data = ready(pruned(data_dir))
    rows = [row for s in ("train", "val", "test") for row in whole(data, s)[0]]
    bases = data.records()["train"][0].zoo.metrics["config.base_row"].to_numpy()[rows]
    assert 59 not in set(bases // 2) and len(rows) < 3 * DRAWS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config.base_row": 120}, r"config.base_row is 120, and .*cifar10 has 120 rows"),
        ({"config.base_row": -1}, r"config.base_row is -1"),
        (
            {"config.activation": "relu"},
            r"activation of row \d+ is relu, and row \d+ of .* has config.activation tanh; set",
        ),
        (
            {"config.base_modeldir": "/zoo/run_0"},
            "is /zoo/run_0, and row .* has modeldir /zoo/run_",
        ),
        ({"config.base_step": 3}, r"is 3, and row \d+ of .* has step \d+; set data.base.folder"),
    ],
)
def test_another_base_is_refused(data_dir, pruned_metrics, change, message):
    write_zoo(data_dir / "pruned_zoo", pruned_metrics.assign(**change))
    with pytest.raises(ValueError, match=message) as error:
        ready(pruned(data_dir))
    assert "\n" not in str(error.value)


def test_a_zoo_that_is_not_pruned_is_refused(data_dir, base_metrics):
    with pytest.raises(ValueError, match="lacks config.base_row: no pruned zoo"):
        ready(pruned(data_dir, folder="cifar10"))


def test_a_label_that_the_base_lacks_is_refused(data_dir, base_metrics):
    write_zoo(data_dir / "cifar10", base_metrics.drop(columns="val_accuracy"))
    with pytest.raises(ValueError, match="cifar10/metrics.csv.gz lacks val_accuracy"):
        ready(ZooUnion(pruned=pruned(data_dir)))


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("pruned_zoo", r"pruned_zoo: no such folder; make a .*experiment=build_pruned_zoo"),
        ("cifar10", r"cifar10: no such folder; set data.base.folder .*to the zoo that networks"),
    ],
)
def test_a_zoo_that_is_not_there_says_what_to_do(data_dir, folder, message):
    (data_dir / folder).rename(data_dir / "elsewhere")
    for data in (pruned(data_dir), ZooUnion(pruned=pruned(data_dir))):
        with pytest.raises(FileNotFoundError, match=message):
            ready(data)


def test_of_two_zoos_that_are_not_there_the_pruned_one_is_named(data_dir):
    for folder in ("pruned_zoo", "cifar10"):
        (data_dir / folder).rename(data_dir / f"{folder}_elsewhere")
    with pytest.raises(FileNotFoundError, match="pruned_zoo: no such folder"):
        ready(pruned(data_dir))
