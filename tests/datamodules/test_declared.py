import pytest
from omegaconf import OmegaConf

from datamodules.cifar10 import CIFAR10
from datamodules.digits import Digits
from datamodules.images import ImageDataModule
from datamodules.names import name_from
from datamodules.pruned_zoo import PrunedZoo
from datamodules.small_cnn_zoo import SmallCNNZoo
from scalegmn.zoo import zoo_network
from tests.zoos import metrics_of, write_zoo


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 3}, "data.in_channels=3, but digits has 1: set data.in_channels=1"),
        ({"num_classes": 11}, "data.num_classes=11, but digits has 10"),
        ({"image_size": 28}, "data.image_size=28, but digits has 32"),
        ({"num_classes": 0}, "data.num_classes must be a whole number, at least 1, got 0"),
        ({"seed": -1}, "data.seed must be a whole number, at least 0, got -1"),
    ],
)
def test_digits_are_what_their_config_declares(options, message):
    with pytest.raises(ValueError, match=message):
        Digits(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"gray": "luma", "in_channels": 3},
            "data.in_channels=3, but CIFAR-10 with data.gray=luma",
        ),
        ({"gray": "luma", "name": "cifar10"}, "data.name=cifar10, .* has cifar10_gray"),
        ({"name": "cifar10_gray"}, "data.name=cifar10_gray, .*data.gray=null has cifar10:"),
        ({"num_classes": 100}, "data.num_classes=100"),
    ],
)
def test_cifar10_is_what_its_config_declares(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        CIFAR10(data_dir=tmp_path, **options)


def test_a_data_set_may_have_any_other_name(tmp_path):
    assert CIFAR10(data_dir=tmp_path, gray="luma", name="mine").name == "mine"
    assert CIFAR10(data_dir=tmp_path, gray="luma").name == "cifar10_gray"


class Random(ImageDataModule):
    """Three classes of 5x5 pixels, two channels."""

    mean = std = (0.5, 0.5)

    def read(self):
        import torch

        from datamodules.splits import Images

        labels = torch.arange(30) % 3
        images = Images(torch.zeros(30, 2, 5, 5, dtype=torch.uint8), labels)
        return images, images


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 1}, "data.in_channels=1, but mine has 2"),
        ({"image_size": 6}, "data.image_size=6, but mine has 5"),
        ({"num_classes": 2}, "data.num_classes=2, but mine has labels up to 2: .* 3 or more"),
    ],
)
def test_images_of_ones_own_are_checked_when_they_are_read(options, message):
    facts = {"name": "mine", "in_channels": 2, "num_classes": 3, "image_size": 5}
    Random(**facts, batch_size=4).setup()
    with pytest.raises(ValueError, match=message):
        Random(**facts | options, batch_size=4).setup()


@pytest.mark.parametrize(
    ("options", "found"), [({"in_channels": 3}, 1), ({"num_classes": 2}, 10), ({"width": 8}, 16)]
)
def test_a_zoo_is_what_its_config_declares(tmp_path, options, found):
    write_zoo(tmp_path / "cifar10", metrics_of(10))
    ((key, value),) = options.items()
    with pytest.raises(ValueError, match=f"data.{key}={value}, but .*cifar10 has {found}: set"):
        SmallCNNZoo(data_dir=tmp_path, **options).setup()


def test_a_zoo_whose_images_are_too_small_is_refused(tmp_path):
    with pytest.raises(ValueError, match="data.image_size must be .* at least 15, got 14"):
        SmallCNNZoo(data_dir=tmp_path, image_size=14)


def test_the_network_to_read_is_checked_against_the_zoo(tmp_path):
    data = SmallCNNZoo(data_dir=tmp_path, activation="tanh")
    data.check_network(zoo_network(activation="tanh"))
    with pytest.raises(ValueError, match="networks with Tanh, .* set both with data.activation"):
        data.check_network(zoo_network())
    with pytest.raises(ValueError, match=r"set target.net to the zoo's architecture"):
        data.check_network(zoo_network(width=8, activation="tanh"))


@pytest.mark.parametrize("activation", [None, "tanh"])
def test_names_in_configs_are_those_of_the_data_modules(tmp_path, activation):
    base = SmallCNNZoo(data_dir=tmp_path, folder="a/cifar10", activation=activation)
    pruned = PrunedZoo(base=base, data_dir=tmp_path, activation=activation)
    suffix = "_tanh" if activation else ""
    assert (base.name, pruned.name) == (f"cifar10_zoo{suffix}", f"pruned_zoo{suffix}")
    OmegaConf.register_new_resolver("name_from", name_from, replace=True)
    for file, name in (("small_cnn_zoo", base.name), ("pruned_zoo", pruned.name)):
        cfg = OmegaConf.create({"data": OmegaConf.load(f"conf/data/{file}.yaml")})
        cfg.data.activation = activation
        assert cfg.data.name == name
