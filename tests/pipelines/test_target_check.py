from types import SimpleNamespace

import pytest
import torch
from lightning import LightningDataModule
from omegaconf import OmegaConf
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from pipelines.target_check import check_logits, check_target

X, Y = torch.zeros(4, 3, 8, 8), torch.tensor([0, 1, 2, 1])


class Data(LightningDataModule):
    in_channels, num_classes, image_size, batch_size = 3, 3, 8, 4

    def __init__(self, *batches):
        super().__init__()
        self.batches = batches

    def val_dataloader(self):
        return self.batches

    def train_dataloader(self):
        return DataLoader(TensorDataset(X, Y), self.batch_size, drop_last=True)


def net(channels=3, classes=3):
    return nn.Sequential(
        nn.Conv2d(channels, 2, 3), nn.BatchNorm2d(2), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(2, classes),
    )  # fmt: skip


def check(data, made=None, **settings):
    plain = {"data": {"num_classes": data.num_classes}, "fold_batch_norm": False}
    cfg = OmegaConf.create({**plain, **settings})
    check_target(SimpleNamespace(data=data, cfg=cfg, target=lambda: made or net()))


@pytest.mark.parametrize("batch", [(X, Y), [X, Y]])
def test_what_fits_passes(batch):
    check(Data(batch))


def test_training_without_a_batch_is_one_clear_line():
    data = Data((X, Y))
    data.batch_size = 5
    with pytest.raises(ValueError, match=r"Data.train_dataloader\(\) gives no batch: it has no"):
        check(data)


PRUNES = {"method": "scalegmn_eq", "pipeline": {"method": {}}, "selection": {"gauge": "raw"}}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model": {"image_shape": [3, 8, 8]}, "pruner": {"module": "${model}"}}, "scalegmn_eq"),
        ({"sparsity_kind": {"norm": "all"}}, "sparsity_kind"),
        ({"pruner": {"group_weight": 0.1}}, "pruner.group_weight"),
        ({"selection": {"gauge": "balanced"}}, "selection.gauge=balanced"),
    ],
)
def test_a_graph_that_a_run_needs_is_made_before_anything_is_trained(settings, reason):
    data, normalised = Data((X, Y)), net()
    normalised[1] = nn.GroupNorm(1, 2)
    check(data, normalised, **PRUNES)
    check(data, net(), **PRUNES | settings | {"fold_batch_norm": True})
    with pytest.raises(ValueError, match=f"{reason} needs the graph of the target: .*GroupNorm"):
        check(data, normalised, **PRUNES | settings)


def test_a_method_that_reads_no_metanetwork_needs_no_graph():
    made = net()
    made[1] = nn.GroupNorm(1, 2)
    model = {"model": {"image_shape": [3, 8, 8]}, "pruner": {"name": "magnitude"}}
    check(Data((X, Y)), made, **PRUNES | model)


@pytest.mark.parametrize("kind", ["Scale", "Sign"])
def test_a_symmetry_that_the_target_lacks_is_named_before_anything_is_trained(kind):
    made = nn.Sequential(
        nn.Conv2d(3, 2, 3), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 3)
    )
    settings = {
        "architecture": {"kind": {"_target_": f"scalegmn.nn.{kind}"}},
        "model": {"image_shape": [3, 8, 8], "arch": "${architecture}"},
        "pruner": {"module": "${model}"},
    }
    with pytest.raises(ValueError, match=f"symmetry {kind.lower()}; .*model/symmetry: permutation"):
        check(Data((X, Y)), made, **PRUNES | settings)
    settings["architecture"] = {"kind": {"_target_": "scalegmn.nn.Permutation"}}
    check(Data((X, Y)), made, **PRUNES | settings)


def test_a_network_of_other_numbers_than_the_images_is_told_what_to_do():
    with pytest.raises(ValueError, match=r"parameters of torch.float64; call \.float\(\)"):
        check(Data((X, Y)), net().double())


def test_a_network_is_left_as_it_was():
    made = net()
    made[1].eval()
    before = {name: t.clone() for name, t in made.state_dict().items()}
    check_logits(made, X, num_classes=3)
    assert [m.training for m in made] == [True, False, True, True, True]
    assert all(torch.equal(t, before[name]) for name, t in made.state_dict().items())


@pytest.mark.parametrize(
    ("batches", "message"),
    [
        ([], r"Data.val_dataloader\(\) is empty: expected \(x, y\)"),
        ([X], "gives a Tensor: expected"),
        ([(X, Y, Y)], "gives a tuple: expected"),
        ([(X, ["cat"] * 4)], "gives a tuple: expected"),
        ([(X.byte(), Y)], r"gives torch.uint8 \[4, 3, 8, 8\] and torch.int64 \[4\]: expected"),
        ([(X, Y.float())], r"and torch.float32 \[4\]: expected"),
        ([(X[:, :1], Y)], r"data.in_channels=3, but Data gives images of shape \[1, 8, 8\]: set"),
        ([(X[..., :5], Y)], "data.image_size=8, but .* set data.image_size=5"),
        ([(X, Y + 1)], "data.num_classes=3, but Data gives labels from 1 to 3: set data.num_cl"),
    ],
)
def test_batches_that_do_not_fit_are_one_clear_line(batches, message):
    with pytest.raises(ValueError, match=message) as caught:
        check(Data(*batches))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (net(channels=1), r"the target cannot read images of shape \[3, 8, 8\]: .*channels"),
        (net(classes=4), r"maps 1 image of shape \[3, 8, 8\] to \[1, 4\], but data.num_classes=3"),
        (nn.Conv2d(3, 3, 3), r"to \[1, 3, 6, 6\], but"),
    ],
)
def test_a_target_that_does_not_fit_is_one_clear_line(made, message):
    with pytest.raises(ValueError, match=message) as caught:
        check(Data((X, Y)), made)
    assert "\n" not in str(caught.value)
