import pytest
from lightning import LightningDataModule
from omegaconf import OmegaConf

from pipelines.data import build_data


class Plain(LightningDataModule):
    """Takes nothing of what others read."""

    def __init__(self, rows: int = 3) -> None:
        super().__init__()
        self.rows = rows


class Knowing(Plain):
    num_classes = 5


class Taking(Plain):
    def __init__(self, *, num_classes: int, **others: int) -> None:
        super().__init__()
        self.num_classes = num_classes + 1
        self.others = others


def config(cls, **more):
    facts = {"name": "mine", "in_channels": 1, "num_classes": 5, "image_size": 9}
    return OmegaConf.create({"_target_": f"{__name__}.{cls.__name__}", **facts, **more})


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[Plain.__module__])


def test_facts_that_a_class_does_not_take_become_attributes():
    data = build_data(config(Plain, rows=4))
    facts = data.name, data.in_channels, data.num_classes, data.image_size, data.rows
    assert facts == ("mine", 1, 5, 9, 4)
    assert build_data(config(Knowing)).num_classes == 5


def test_a_class_gets_those_that_it_takes():
    data = build_data(config(Taking))
    assert data.num_classes == 6
    assert data.others == {"name": "mine", "in_channels": 1, "image_size": 9}


class Swallowing(Plain):
    def __init__(self, **others: int) -> None:
        super().__init__()


class Bare(LightningDataModule):
    """Has no constructor of its own, and Lightning's takes any keywords."""


@pytest.mark.parametrize("cls", [Swallowing, Bare])
def test_facts_that_a_constructor_does_nothing_with_become_attributes(cls):
    data = build_data(config(cls))
    assert (data.name, data.in_channels, data.num_classes, data.image_size) == ("mine", 1, 5, 9)


def test_a_class_that_knows_better_is_asked():
    with pytest.raises(ValueError, match="data.num_classes=4, but Knowing has 5: set data.num_cl"):
        build_data(config(Knowing, num_classes=4))
