from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning import LightningModule
from torch import nn

from datamodules.small_cnn_zoo import SmallCNNZoo
from scalegmn.graph import NetworkGraph
from scalegmn.zoo import NetworkBatch
from tests.zoos import metrics_of, write_split, write_zoo

RUNS = 60


@pytest.fixture
def metrics():
    return metrics_of(RUNS, steps=(0, 86))


@pytest.fixture
def data_dir(tmp_path, metrics):
    write_zoo(tmp_path / "cifar10", metrics)
    return tmp_path


def ready(data_dir, **options):
    data = SmallCNNZoo(data_dir=data_dir, **options)
    data.prepare_data()
    data.setup()
    return data


def batches(data, split, epoch=0):
    loader = getattr(data, f"{split}_dataloader")()
    loader.sampler.set_epoch(epoch)
    return list(loader)


def rows(data, split):
    """Which rows of the zoo are in a split: their first weight tells."""
    return sorted(
        int(r) for b in batches(data, split) for r in b.parameters["features.0.bias"][:, 0]
    )


def splits(data):
    return {split: rows(data, split) for split in ("train", "val", "test")}


def test_a_batch_says_all_that_a_predictor_needs(data_dir, metrics):
    data = ready(data_dir, batch_size=16)
    first = batches(data, "train")[0]
    assert isinstance(first, NetworkBatch)
    assert first.label.shape == first.sign.shape == first.sparsity.shape == (16,)
    graph = NetworkGraph.from_module(data.network(), torch.zeros(1, data.in_channels, 32, 32))
    x_V, x_E = graph.features(first.parameters)
    assert x_V.shape == (16, 59, 1) and x_E.shape == (16, 688, 9)
    table = metrics.iloc[first.parameters["features.0.bias"][:, 0].long().numpy()]
    assert first.sign.tolist() == (table["config.activation"] == "tanh").tolist()
    assert torch.equal(first.label, torch.tensor(table["test_accuracy"].to_numpy()).float())
    assert (data.name, data.num_classes, data.image_size) == ("cifar10_zoo", 10, 32)


def test_the_published_split_is_used_where_its_file_is(data_dir, metrics):
    assert "split by run" in ready(data_dir).data_note
    order = write_split(data_dir / "cifar10" / "cifar10_split.csv", len(metrics))
    data = ready(data_dir)
    final = [row for row in order if row % 2]
    assert {s: len(r) for s, r in splits(data).items()} == {"train": 24, "val": 6, "test": 30}
    assert rows(data, "test") == sorted(final[30:])
    assert data.data_note is None


def test_activations_are_chosen_after_the_split(data_dir, metrics):
    write_split(data_dir / "cifar10" / "cifar10_split.csv", len(metrics))
    both = splits(ready(data_dir))
    relu, tanh = (splits(ready(data_dir, activation=a)) for a in ("relu", "tanh"))
    for split in both:
        assert sorted(relu[split] + tanh[split]) == both[split]
    assert set(metrics["config.activation"][relu["test"]]) == {"relu"}


def test_without_a_split_file_no_run_is_in_two_splits(data_dir):
    parts = splits(ready(data_dir, step="all"))
    assert [len(p) // 2 for p in parts.values()] == [47, 6, 7]
    runs = [{row // 2 for row in part} for part in parts.values()]
    assert not runs[0] & runs[1] and not runs[0] & runs[2] and not runs[1] & runs[2]


@pytest.mark.parametrize("split_file", [None, "mine.csv"])
def test_more_runs_to_learn_from_are_the_same_ones_and_others(data_dir, metrics, split_file):
    if split_file:
        write_split(data_dir / "cifar10" / split_file, len(metrics))
    options = {"step": "all", "split_file": split_file}
    few, more, every = (splits(ready(data_dir, train_runs=n, **options)) for n in (2, 9, None))
    for part, number in ((few, 2), (more, 9)):
        table = metrics.iloc[part["train"]].drop_duplicates("modeldir")
        assert table["config.activation"].value_counts().to_dict() == {
            "relu": number,
            "tanh": number,
        }
    assert set(few["train"]) < set(more["train"]) < set(every["train"])
    assert few["val"] == every["val"] and few["test"] == every["test"]


@pytest.mark.parametrize(("step", "epochs"), [("last", {86}), (0, {0}), ([0, 86], {0, 86})])
def test_the_step_can_be_chosen(data_dir, metrics, step, epochs):
    data = ready(data_dir, step=step)
    assert set(metrics["step"][rows(data, "train")]) == epochs


def test_the_label_can_be_chosen(data_dir, metrics):
    data = ready(data_dir, label="val_accuracy")
    (batch,) = batches(data, "test")
    chosen = batch.parameters["features.0.bias"][:, 0].long().numpy()
    assert np.allclose(batch.label, metrics["val_accuracy"].iloc[chosen])


def test_dropped_networks_are_counted(tmp_path, metrics, caplog):
    metrics.loc[metrics["step"] == 86, "val_accuracy"] = np.nan
    metrics.loc[1:80, "val_accuracy"] = 0.5
    write_zoo(tmp_path / "mine", metrics)
    data = ready(tmp_path, folder="mine", label="val_accuracy")
    assert data.dropped == 20 and caplog.messages == [
        "mine_zoo: 20 networks dropped, with NaN, infinity or values too large to read"
    ]
    assert sum(len(r) for r in splits(data).values()) == 40


def test_order_and_sharing_are_those_of_all_data(data_dir):
    data = ready(data_dir, batch_size=10)
    assert len(data.train_dataloader().sampler) == 5
    first, again, later = (batches(data, "train", epoch)[0].label for epoch in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, later)
    whole = [b.label for b in batches(data, "val")]
    assert torch.equal(torch.cat(whole), torch.cat([b.label for b in batches(data, "val", 1)]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"activation": "gelu"}, "data.activation='gelu': expected relu, tanh"),
        ({"label": "accuracy"}, "data.label='accuracy': expected test_accuracy or val_accuracy"),
        ({"batch_size": 0}, "data.batch_size must be a whole number, at least 1"),
        ({"train_runs": 99}, "data.train_runs=99: expected 1 to 2"),
        ({"step": 5}, "data.step=5: no such epoch"),
        ({"train_runs": 0}, "data.train_runs must be a whole number, at least 1, got 0"),
        ({"split_seed": -1}, "data.split_seed must be a whole number, at least 0, got -1"),
    ],
)
def test_mistakes_are_one_clear_line(data_dir, options, message):
    with pytest.raises(ValueError, match=message) as error:
        ready(data_dir, **options)
    assert "\n" not in str(error.value)


def test_a_pruned_zoo_is_not_split_by_its_own_runs(tmp_path, metrics):
    metrics["config.base_row"] = 0
    write_zoo(tmp_path / "pruned", metrics)
    with pytest.raises(ValueError, match="pruned is a pruned zoo, .* set data=pruned_zoo") as error:
        ready(tmp_path, folder="pruned")
    assert "\n" not in str(error.value)


def test_an_activation_that_nobody_has_is_refused(tmp_path, metrics):
    write_zoo(tmp_path / "cifar10", metrics.assign(**{"config.activation": "relu"}))
    with pytest.raises(ValueError, match="activation=tanh leaves none of 48 networks in the train"):
        ready(tmp_path, activation="tanh")


def test_a_zoo_that_is_not_there_says_where_to_get_it(tmp_path):
    with pytest.raises(FileNotFoundError, match="mnist: no such folder; get a zoo with"):
        ready(tmp_path, folder="mnist")
    write_zoo(tmp_path / "mnist", metrics_of(10))
    with pytest.raises(FileNotFoundError, match="other.csv: no such split file"):
        ready(tmp_path, folder="mnist", split_file="other.csv")


def test_two_processes_see_disjoint_parts_of_each_batch(data_dir):
    whole = [b.parameters["features.0.bias"][:, 0] for b in batches(ready(data_dir), "train", 1)]
    parts = []
    for rank in range(2):
        data = SmallCNNZoo(data_dir=data_dir)
        data.trainer = SimpleNamespace(
            global_rank=rank,
            world_size=2,
            strategy=SimpleNamespace(root_device=torch.device("cpu")),
        )
        data.setup()
        parts.append([b.parameters["features.0.bias"][:, 0] for b in batches(data, "train", 1)])
    for first, second, both in zip(*parts, whole, strict=True):
        assert not set(first.tolist()) & set(second.tolist())
        assert torch.equal(torch.cat([first, second]), both)


def test_lightning_trains_on_it(data_dir, make_trainer):
    class Constant(LightningModule):
        def __init__(self):
            super().__init__()
            self.value = nn.Parameter(torch.tensor(0.9))

        def training_step(self, batch, index):
            assert isinstance(batch, NetworkBatch)
            return (self.value - batch.label).square().mean()

        def validation_step(self, batch, index):
            assert isinstance(batch, NetworkBatch)

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.3)

    module = Constant()
    make_trainer(max_epochs=5).fit(module, datamodule=SmallCNNZoo(data_dir=data_dir, batch_size=16))
    assert 0.3 < module.value.item() < 0.7


def test_rescaled_copies_are_for_training_only_and_change_with_the_epoch(data_dir):
    plain, rescaled = ready(data_dir), ready(data_dir, rescale=4.0)
    first, last = "features.0.weight", "fc.bias"
    (before,), (after,), (later,) = (
        batches(data, "train", epoch)[:1]
        for data, epoch in [(plain, 0), (rescaled, 0), (rescaled, 1)]
    )
    assert torch.equal(after.label, before.label)
    assert torch.equal(after.parameters[last], before.parameters[last])
    # One factor for each unit.
    ratio = (after.parameters[first] / before.parameters[first]).flatten(2)
    assert torch.allclose(ratio, ratio[..., :1].expand_as(ratio), rtol=1e-5)
    assert (ratio.abs() > 1.1).any() and (ratio.abs() < 0.9).any()
    # The same networks, in another order: their last biases, which no factor changes, tell them.
    order = [row.tolist() for row in after.parameters[last]]
    same = [order.index(row.tolist()) for row in later.parameters[last]]
    assert not torch.allclose(later.parameters[first], after.parameters[first][same])
    (again,) = batches(rescaled, "train")[:1]
    assert torch.equal(again.parameters[first], after.parameters[first])
    for split in ("val", "test"):
        (a,), (b,) = (batches(data, split)[:1] for data in (plain, rescaled))
        assert torch.equal(a.parameters[first], b.parameters[first])
