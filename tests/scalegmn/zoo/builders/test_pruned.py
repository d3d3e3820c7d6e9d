import shutil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from scalegmn.formats.layout import SMALL_CNN
from scalegmn.zoo import ZooFolder
from scalegmn.zoo.ancestry import bases
from scalegmn.zoo.builders import Dataset
from tests.tiny_zoo import build, noisy_images, tiny_pruned_zoo, tiny_zoo

KERNELS = np.concatenate([np.full(v.size, v.kind == "kernel") for v in SMALL_CNN])
N = 4912


def criteria_of(folder):
    return set(pd.read_csv(folder / "metrics.csv.gz")["config.criterion"])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zoos") / "base"
    build(tiny_zoo(folder))
    return folder


def test_records_are_pruned_and_fine_tuned_networks_of_the_base_zoo(base, tmp_path):
    told = []
    pruned = tiny_pruned_zoo(base, tmp_path / "pruned")
    record = build(pruned, lambda done, total: told.append((done, total)))
    assert told == [(n, 8) for n in range(9)] and record.networks == 8
    zoo, source = ZooFolder.open(tmp_path / "pruned"), ZooFolder.open(base)
    metrics = pd.read_csv(tmp_path / "pruned" / "metrics.csv.gz")
    assert len(zoo.weights) == 24
    assert metrics["step"].tolist() == metrics["config.finetune_epoch"].tolist() == [0, 1, 2] * 8
    assert {"val_accuracy", "test_accuracy", "config.learning_rate"} <= set(metrics)
    rows = bases(zoo, source)
    assert (source.metrics["step"].to_numpy()[rows] == 3).all() and len(set(rows)) > 1
    for row, values in enumerate(zoo.weights):
        before, sparsity = source.weights[rows[row]], metrics["config.sparsity"][row]
        zero = (values == 0) & KERNELS
        assert zero.sum() == round(sparsity * N)
        # The smallest of all layers together.
        assert np.abs(before[zero]).max() <= np.abs(before[KERNELS & ~zero]).min()
        if metrics["step"][row] == 0:
            assert_allclose(values[~zero], before[~zero], rtol=0)
        else:
            assert (values != before)[KERNELS & ~zero].mean() > 0.5
    assert metrics["config.sparsity"].between(0, 0.5).all()
    assert metrics["config.sparsity"].nunique() == 8
    assert "`base`" in (tmp_path / "pruned" / "README.md").read_text()


def test_weights_can_be_pruned_at_random_or_after_training_with_a_penalty(base, tmp_path):
    built = {}
    for name in ("magnitude", "random", "l1"):
        folder = tmp_path / name
        build(tiny_pruned_zoo(base, folder, criteria=[name], l1_weight=1.0, l1_epochs=3))
        built[name] = ZooFolder.open(folder)
        assert criteria_of(folder) == {name}
    source, sizes = ZooFolder.open(base), {}
    rows = bases(built["random"], source)
    for name, zoo in built.items():
        fresh = zoo.column("config.finetune_epoch") == 0
        pruned = (zoo.weights == 0) & KERNELS
        assert (pruned.sum(1) == np.round(zoo.column("config.sparsity") * N)).all()
        before = np.abs(source.weights[rows])
        largest = [b[zero].max() for b, zero in zip(before, pruned, strict=True)]
        smallest = [b[KERNELS & ~zero].min() for b, zero in zip(before, pruned, strict=True)]
        assert np.all(np.less_equal(largest, smallest)) == (name == "magnitude")
        same = (zoo.weights == source.weights[rows]) | pruned
        assert same[fresh].all() == (name != "l1")
        sizes[name] = np.abs(zoo.weights[fresh][:, KERNELS]).sum()
    # The penalty is as large as the loss, and the networks are smaller for it.
    assert sizes["l1"] < 0.9 * sizes["magnitude"]


def test_criteria_are_drawn_for_each_network_and_do_not_depend_on_those_beside_it(base, tmp_path):
    options = {"criteria": ["magnitude", "random", "l1"], "l1_weight": 0.1, "networks": 12}
    for together in (1, 4):
        build(tiny_pruned_zoo(base, tmp_path / str(together), **options, at_once=together))
    one, four = (ZooFolder.open(tmp_path / name) for name in ("1", "4"))
    assert criteria_of(tmp_path / "1") == {"magnitude", "random", "l1"}
    assert_allclose(one.weights, four.weights, rtol=1e-3, atol=1e-4)
    card = (tmp_path / "1" / "README.md").read_text()
    assert "{" not in card.partition("## Columns")[0]
    assert "`random`, `l1` (the smallest after 2 epochs with an L1 penalty of 0.1" in card


def test_a_base_zoo_of_other_images_is_refused_and_one_without_a_record_marked(base, tmp_path):
    images = noisy_images()
    pruned = tiny_pruned_zoo(base, tmp_path / "pruned", networks=1)
    for dataset, said in (
        (
            Dataset("others", 10),
            "base was trained on images with name noise, and these have others",
        ),
        (
            Dataset("noise", 10, {"split_seed": 1}),
            "with split_seed None, and these have 1: set data",
        ),
    ):
        with pytest.raises(ValueError, match=said) as error:
            pruned.build(images, dataset=dataset, progress=lambda done, total: None)
        assert "\n" not in str(error.value)
    build(pruned)
    assert "validation images, which no network saw" in (tmp_path / "pruned/README.md").read_text()
    shutil.copytree(base, tmp_path / "copy")
    (tmp_path / "copy" / "zoo.json").unlink()
    build(tiny_pruned_zoo(tmp_path / "copy", tmp_path / "unknown", networks=1))
    card = (tmp_path / "unknown" / "README.md").read_text()
    assert "not recorded whether the base network did" in card and "no network saw" not in card


def test_a_copy_of_the_base_zoo_will_do_and_one_with_another_table_will_not(base, tmp_path):
    build(tiny_pruned_zoo(base, tmp_path / "pruned", networks=1))
    zoo, copy = ZooFolder.open(tmp_path / "pruned"), tmp_path / "copy"
    shutil.copytree(base, copy)
    assert len(bases(zoo, ZooFolder.open(copy))) == 3
    metrics = pd.read_csv(copy / "metrics.csv.gz")
    metrics.assign(val_accuracy=0.5).to_csv(copy / "metrics.csv.gz", index=False)
    with pytest.raises(
        ValueError, match="by zoo.json .* of another zoo than .*copy; set data.base"
    ):
        bases(zoo, ZooFolder.open(copy))
    (tmp_path / "pruned" / "zoo.json").write_text("[]")
    with pytest.raises(ValueError, match=r"zoo.json is damaged \(it has no recipe\)"):
        bases(zoo, ZooFolder.open(base))


def test_networks_keep_their_own_dropout_and_history(base, tmp_path):
    build(tiny_pruned_zoo(base, tmp_path / "pruned", networks=3))
    found = pd.read_csv(tmp_path / "pruned" / "metrics.csv.gz")
    source = pd.read_csv(base / "metrics.csv.gz").iloc[found["config.base_row"]]
    for name in ("config.dropout", "config.learning_rate", "config.activation"):
        assert found[name].tolist() == source[name].tolist()
    assert found["config.base_modeldir"].tolist() == source["modeldir"].tolist()
    assert found["config.base_step"].tolist() == source["step"].tolist()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_one_activation_and_all_epochs_can_be_drawn_from(base, tmp_path, activation):
    zoo = tiny_pruned_zoo(
        base, tmp_path / "pruned", activation=activation, base_step="all", networks=12, epochs=1
    )
    build(zoo)
    found = pd.read_csv(tmp_path / "pruned" / "metrics.csv.gz")
    assert set(found["config.activation"]) == {activation}
    assert len(set(found["config.base_step"])) > 1


def test_at_sparsity_0_nothing_is_pruned(base, tmp_path):
    build(tiny_pruned_zoo(base, tmp_path / "pruned", sparsity=(0.0, 0.0), networks=1))
    zoo, source = ZooFolder.open(tmp_path / "pruned"), ZooFolder.open(base)
    row = int(zoo.column("config.base_row")[0])
    assert (zoo.weights[0] == source.weights[row]).all()


def test_it_goes_on_where_it_was_stopped(base, tmp_path):
    class Stop(Exception):
        pass

    def stop(done, total):
        if done == 3:
            raise Stop

    with pytest.raises(Stop):
        build(tiny_pruned_zoo(base, tmp_path / "stopped"), stop)
    told = []
    build(tiny_pruned_zoo(base, tmp_path / "stopped"), lambda done, total: told.append(done))
    assert told[0] == 3
    build(tiny_pruned_zoo(base, tmp_path / "whole"))
    for name in ("weights.npy", "metrics.csv.gz"):
        assert (tmp_path / "stopped" / name).read_bytes() == (
            tmp_path / "whole" / name
        ).read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sparsity": [0.5, 0.1]}, "zoo.sparsity: the lower end is above the upper one"),
        ({"sparsity": [0.0, 1.0]}, "zoo.sparsity"),
        ({"criteria": []}, "zoo.criteria is empty: give at least one"),
        ({"criteria": ["l2"]}, "zoo.criteria: 'l2' is not one of magnitude, random, l1"),
        ({"l1_weight": 0.0}, "zoo.l1_weight must be a number above 0, got 0.0"),
        ({"l1_epochs": 0}, "l1_epochs must be a whole number, at least 1, got 0"),
        ({"optimizer": "lion"}, "zoo.optimizer: 'lion' is not one of adam, rmsprop, sgd"),
        ({"activation": "selu"}, "zoo.activation: 'selu' is not relu, tanh or null"),
        ({"base_step": 7}, "zoo.base_step=7: no such epoch in the zoo"),
        ({"learning_rate": 0.0}, "zoo.learning_rate must be a number above 0, got 0.0"),
        ({"learning_rate": float("nan")}, "zoo.learning_rate must be a number above 0, got nan"),
        ({"train_fraction": 1.5}, "zoo.train_fraction must be a number above 0 and at most 1"),
    ],
)
def test_mistakes(base, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        build(tiny_pruned_zoo(base, tmp_path / "pruned", **changes))
    assert not (tmp_path / "pruned").exists()


def test_a_base_zoo_that_does_not_fit_is_named(base, tmp_path):
    with pytest.raises(FileNotFoundError, match="experiment=build_zoo"):
        build(tiny_pruned_zoo(tmp_path / "none", tmp_path / "pruned"))
    with pytest.raises(ValueError, match="holds a zoo with"):
        build(tiny_pruned_zoo(base, base))
    poor = tmp_path / "poor"
    poor.mkdir()
    for name in ("weights.npy", "layout.csv"):
        (poor / name).write_bytes((base / name).read_bytes())
    metrics = pd.read_csv(base / "metrics.csv.gz").drop(columns="config.dropout")
    metrics.to_csv(poor / "metrics.csv.gz", index=False)
    with pytest.raises(ValueError, match=r"metrics.csv.gz lacks config.dropout"):
        build(tiny_pruned_zoo(poor, tmp_path / "pruned"))
    only_relu = pd.read_csv(base / "metrics.csv.gz").assign(**{"config.activation": "relu"})
    only_relu.to_csv(poor / "metrics.csv.gz", index=False)
    with pytest.raises(ValueError, match="has no tanh networks: set zoo.activation"):
        build(tiny_pruned_zoo(poor, tmp_path / "pruned", activation="tanh"))
