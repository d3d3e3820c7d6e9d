import pytest
import torch

from datamodules.cifar10 import CIFAR10


def ready(data_dir, **options):
    data = CIFAR10(data_dir=data_dir, download=False, **options)
    data.prepare_data()
    data.setup()
    return data


def whole(loader):
    x, y = zip(*loader, strict=True)
    return torch.cat(x), torch.cat(y)


def test_colour_is_normalised_with_its_mean_and_deviation(data_dir, records):
    x, y = whole(ready(data_dir).test_dataloader())
    pixels = torch.from_numpy(records["test_batch"][:, 1:]).view(-1, 3, 32, 32) / 255
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    torch.testing.assert_close(x, (pixels - mean[:, None, None]) / std[:, None, None])
    assert y.tolist() == records["test_batch"][:, 0].tolist()


def test_gray_is_between_minus_one_and_one(data_dir, records):
    data = ready(data_dir, gray="mean")
    x, _ = whole(data.test_dataloader())
    pixels = torch.from_numpy(records["test_batch"][:, 1:]).view(-1, 3, 32, 32) / 255
    torch.testing.assert_close(x, 2 * pixels.mean(1, keepdim=True) - 1, atol=2 * 0.34 / 255, rtol=0)
    assert (data.name, data.in_channels) == ("cifar10_gray", 1)


def test_a_tenth_of_the_training_images_is_for_validation(data_dir, records):
    data = ready(data_dir)
    sizes = [len(whole(load())[1]) for load in (data.train_dataloader, data.val_dataloader)]
    assert sizes == [54, 6]


def test_another_folder_is_read_and_noted(data_dir):
    (data_dir / "cifar-10-batches-bin").rename(data_dir / "mine")
    data = ready(data_dir, folder="mine", data_note="a copy")
    assert data.data_note == "a copy, folder mine"
    assert len(whole(data.test_dataloader())[1]) == 12


def test_the_note_is_none_for_the_official_files(data_dir):
    assert ready(data_dir, gray="luma").data_note is None
    assert ready(data_dir, gray="mean").data_note == "gray is the channel mean"


@pytest.mark.parametrize("options", [{}, {"folder": "mine"}])
def test_missing_data_are_named_with_what_to_do(tmp_path, options):
    with pytest.raises(FileNotFoundError, match=r"no CIFAR-10 in .*set paths.data_dir") as raised:
        ready(tmp_path, **options)
    assert "\n" not in str(raised.value)
    assert str(tmp_path) in str(raised.value)


def test_another_folder_is_never_downloaded(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr("datamodules.cifar10.download_archive", asked.append)
    CIFAR10(data_dir=tmp_path, folder="mine", download=True).prepare_data()
    assert not asked


def test_data_that_are_there_are_not_downloaded(data_dir, monkeypatch):
    asked = []
    monkeypatch.setattr("datamodules.cifar10.download_archive", asked.append)
    CIFAR10(data_dir=data_dir, download=True).prepare_data()
    assert not asked
    CIFAR10(data_dir=data_dir / "empty", download=True).prepare_data()
    assert len(asked) == 1


def test_an_unknown_gray_is_refused(tmp_path):
    with pytest.raises(ValueError, match="data.gray must be one of"):
        CIFAR10(data_dir=tmp_path, gray="green")


@pytest.mark.real_data
def test_the_real_cifar10_has_its_sizes_mean_and_deviation(real_data):
    data = ready(real_data, batch_size=15_000)
    assert [len(data.val_dataloader().dataset), len(data.test_dataloader().dataset)] == [
        5000,
        10000,
    ]
    assert len(data.train_dataloader().dataset) == 45_000
    x, y = next(iter(data.train_dataloader()))
    assert y.bincount().min() > 1400
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.zeros(3), atol=0.01, rtol=0)
    torch.testing.assert_close(x.std((0, 2, 3)), torch.ones(3), atol=0.01, rtol=0)
