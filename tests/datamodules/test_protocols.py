import pytest
from lightning import LightningDataModule

from datamodules.digits import Digits
from datamodules.protocols import check_data
from datamodules.small_cnn_zoo import SmallCNNZoo


class Bare(LightningDataModule):
    """Has the loaders and nothing else."""

    def train_dataloader(self): ...

    def val_dataloader(self): ...

    def test_dataloader(self): ...


class Complete(Bare):
    name = "mine"
    in_channels = num_classes = image_size = 3


class Networks(Complete):
    label = "val_accuracy"
    dropped = 0

    @property
    def split(self):
        raise AssertionError("properties are not called")


def test_the_project_s_own_data_pass(tmp_path):
    check_data(Digits())
    check_data(SmallCNNZoo(data_dir=tmp_path), "networks")


def test_data_of_ones_own_pass():
    check_data(Complete())
    check_data(Networks(), "networks")


@pytest.mark.parametrize(
    ("data", "kind", "message"),
    [
        (Bare(), "images", "Bare lacks name, in_channels, num_classes, image_size: "),
        (Complete(), "networks", "Complete lacks label, split, dropped: a data set of networks"),
        (LightningDataModule(), "images", r"lacks name, .*, test_dataloader\(\): a data set of"),
        ([1, 2], "images", "data is a list: expected a lightning.LightningDataModule"),
        (type("Odd", (Complete,), {"image_size": "32"})(), "images", "data.image_size must be"),
    ],
)
def test_what_is_missing_is_named_in_one_line(data, kind, message):
    with pytest.raises(ValueError, match=message) as error:
        check_data(data, kind)
    assert "\n" not in str(error.value)
