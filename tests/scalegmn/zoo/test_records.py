from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.func import functional_call
from torch.testing import assert_close

from scalegmn.formats.layout import SMALL_CNN
from scalegmn.formats.zoo_row import from_zoo_row, layer_names
from scalegmn.targets import SmallCNN
from scalegmn.zoo import ZooFolder, folder
from scalegmn.zoo.architecture import small_cnn
from scalegmn.zoo.records import Records, gather
from tests.zoos import metrics_of, write_zoo


def opened(tmp_path, metrics, weights=None):
    return ZooFolder.open(write_zoo(tmp_path, metrics, weights))


def everything(zoo):
    return Records(zoo, np.arange(len(zoo.metrics)))


@pytest.fixture
def zoo(tmp_path):
    return opened(tmp_path, metrics_of(12, steps=(0, 86)))


def test_a_batch_holds_the_networks_in_pytorchs_order(zoo, monkeypatch):
    monkeypatch.setattr(folder, "ROWS_AT_ONCE", 5)
    networks, dropped = gather([Records(zoo, np.arange(3, 20))], "test_accuracy")
    chosen = torch.tensor([4, 0, 16])
    batch = networks[chosen]
    net = SmallCNN()
    rows = torch.from_numpy(zoo.weights[chosen.numpy() + 3])
    assert_close(batch.parameters, from_zoo_row(rows, layer_names(net.state_dict()), SMALL_CNN))
    assert list(batch.parameters) == list(net.state_dict())
    metrics = zoo.metrics.iloc[chosen.numpy() + 3]
    assert_close(batch.label, torch.tensor(metrics["test_accuracy"].to_numpy()).float())
    assert batch.sign.tolist() == (metrics["config.activation"] == "tanh").tolist()
    assert batch.sparsity.tolist() == [0, 0, 0] and dropped == 0
    functional_call(net, {n: p[0] for n, p in batch.parameters.items()}, torch.zeros(1, 1, 32, 32))


def test_parameters_are_views_of_one_tensor(zoo):
    networks, _ = gather([everything(zoo)], "test_accuracy")
    parameters = networks[torch.tensor([1, 2])].parameters
    assert len({p.untyped_storage().data_ptr() for p in parameters.values()}) == 1


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_networks_with_nan_are_dropped_and_counted(tmp_path, bad):
    metrics = metrics_of(12, steps=(0, 86))
    metrics.loc[5, "test_accuracy"] = np.nan
    weights = np.random.default_rng(0).normal(size=(24, 4970)).astype(np.float32)
    weights[:, 0] = np.arange(24)
    weights[[0, 7, 23], 4000] = bad
    networks, dropped = gather([everything(opened(tmp_path, metrics, weights))], "test_accuracy")
    kept = [row for row in range(24) if row not in (0, 5, 7, 23)]
    batch = networks[torch.arange(20)]
    assert dropped == 4 and len(networks) == 20
    assert batch.parameters["features.0.bias"][:, 0].tolist() == kept
    assert_close(batch.label, torch.tensor(metrics["test_accuracy"][kept].to_numpy()).float())


def test_networks_too_large_for_metanetworks_are_dropped_like_them(tmp_path, monkeypatch):
    monkeypatch.setattr("scalegmn.zoo.records.CHUNK", 7)
    weights = np.random.default_rng(0).normal(size=(24, 4970)).astype(np.float32)
    weights[5, 100] = 1e20
    weights[20] *= 1e6  # Large only where layers follow each other.
    zoo = opened(tmp_path, metrics_of(12, steps=(0, 86)), weights)
    networks, dropped = gather([everything(zoo)], "test_accuracy")
    assert dropped == 2
    labels = zoo.metrics["test_accuracy"].drop([5, 20]).to_numpy()
    assert_close(networks.label, torch.tensor(labels).float())


def test_nothing_but_nan_is_refused(tmp_path):
    zoo = opened(tmp_path, metrics_of(12, steps=(0, 86)), np.full((24, 4970), np.nan, np.float32))
    with pytest.raises(ValueError, match="all 24 networks hold NaN"):
        gather([everything(zoo)], "test_accuracy")


@pytest.mark.parametrize(("activation", "sign"), [("relu", {False}), ("tanh", {True})])
def test_one_activation_can_be_chosen(zoo, activation, sign):
    records = everything(zoo).with_activation(activation)
    networks, _ = gather([records], "test_accuracy")
    assert set(networks.sign.tolist()) == sign
    both = everything(zoo).with_activation(None)
    assert len(both) == 24 > len(records)


def test_an_unknown_activation_is_refused(tmp_path):
    zoo = opened(tmp_path, metrics_of(12).assign(**{"config.activation": "gelu"}))
    with pytest.raises(ValueError, match="metrics.csv.gz: unknown activation 'gelu'"):
        everything(zoo).with_activation(None)


def test_a_label_that_is_not_there_says_which_are(tmp_path):
    zoo = opened(tmp_path, metrics_of(12).drop(columns=["val_accuracy"]))
    with pytest.raises(ValueError, match=r"lacks val_accuracy: set data.label .*\(test_accuracy\)"):
        gather([everything(zoo)], "val_accuracy")


def test_percentages_are_refused(tmp_path):
    metrics = metrics_of(12)
    metrics["test_accuracy"] *= 100
    with pytest.raises(ValueError, match="expected fractions"):
        gather([everything(opened(tmp_path, metrics))], "test_accuracy")


def test_zoos_of_other_networks_do_not_mix(zoo):
    last = replace(SMALL_CNN[-1], shape=(10, 16))
    other = replace(zoo, layout=(*SMALL_CNN[:-1], last))
    with pytest.raises(ValueError, match="holds other networks than"):
        gather([everything(zoo), everything(other)], "test_accuracy")
    with pytest.raises(ValueError, match="layout.csv: expected three 3x3 convolutions"):
        gather([everything(other)], "test_accuracy")


def test_the_network_follows_from_the_layout():
    shapes = [(8,), (3, 3, 3, 8), (8,), (3, 3, 8, 8), (8,), (3, 3, 8, 8), (5,), (8, 5)]
    layout = tuple(replace(v, shape=s) for v, s in zip(SMALL_CNN, shapes, strict=True))
    net = small_cnn(layout)
    assert net.features[0].weight.shape == (8, 3, 3, 3) and net.fc.weight.shape == (5, 8)
    with pytest.raises(ValueError, match="here: expected three 3x3 convolutions"):
        small_cnn(SMALL_CNN[:-2], "here")


def test_epochs_of_a_run_are_one_family_and_so_are_pruned_copies(tmp_path):
    base = metrics_of(4, steps=(0, 86))
    zoo = opened(tmp_path / "base", base)
    networks, _ = gather([everything(zoo)], "test_accuracy")
    assert networks.family.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    copies = metrics_of(3, steps=(5,))
    copies["config.base_modeldir"] = base["modeldir"].to_numpy()[[6, 2, 3]]
    pruned = opened(tmp_path / "pruned", copies)
    both, _ = gather([everything(zoo), everything(pruned)], "test_accuracy")
    assert both.family.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 3, 1, 1]
