"""Folders of images as people have them: odd files, odd modes, odd layouts."""

import logging
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.image_cache import ImageCache
from datamodules.image_decoding import decode
from datamodules.image_folder import ImageFolder
from datamodules.image_listing import content_digest, count_classes, list_images

RED, GREEN = (220, 30, 40), (20, 200, 60)


def save(file, colour, size=(12, 10), **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(file, **options)


@pytest.fixture
def folder(tmp_path):
    """Two classes of 20 images, whose sizes and formats differ."""
    for i in range(20):
        for name, colour in (("b_red", RED), ("a_green", GREEN)):
            kind = "png" if i % 2 else "bmp"
            save(tmp_path / "mine" / name / f"{i}.{kind}", colour, (8 + i, 30 - i))
    return tmp_path / "mine"


def module(folder, **options):
    places = {"data_dir": folder.parent, "folder": folder.name, "cache_dir": folder.parent / "c"}
    facts = {"name": "mine", "image_size": 8, "batch_size": 16}
    return ImageFolder(**places | facts | options)


def ready(folder, **options):
    data = module(folder, **options)
    data.prepare_data()
    data.setup()
    return data


def pixels(data, split):
    return data.pixels(split).pixels.float().mean((2, 3)).round().int().tolist()


def test_images_have_the_labels_of_their_folders(folder):
    data = ready(folder)
    assert (data.num_classes, data.in_channels) == (2, 3)
    assert [len(data.pixels(split)) for split in ("train", "val", "test")] == [29, 3, 8]
    for split in ("train", "val", "test"):
        for colour, label in zip(
            pixels(data, split), data.pixels(split).labels.tolist(), strict=True
        ):
            assert tuple(colour) == (GREEN, RED)[label]
    x, y = next(iter(data.train_dataloader()))
    assert x.shape == (16, 3, 8, 8) and y.dtype == torch.int64
    values = torch.tensor([GREEN, RED])[y] / 127.5 - 1
    torch.testing.assert_close(x, values[:, :, None, None].expand_as(x))


def test_the_split_is_that_of_its_seed(folder):
    labels = [ready(folder, split_seed=seed).pixels("test").labels for seed in (1, 1, 2)]
    assert torch.equal(labels[0], labels[1]) and not torch.equal(labels[0], labels[2])


def test_too_few_images_to_test_with_are_refused(tmp_path):
    for name in ("a", "b"):
        save(tmp_path / "mine" / name / "0.png", RED)
    data = module(tmp_path / "mine")
    data.prepare_data()
    with pytest.raises(ValueError, match="mine: 2 images leave none for testing, .*one in 5"):
        data.setup("fit")


def test_constants_of_a_trained_network_normalise(folder):
    data = ready(folder, mean=[0.1, 0.2, 0.3], std=[1.0, 2.0, 4.0])
    x, y = data.full_batch("test")
    expected = (torch.tensor([GREEN, RED])[y] / 255 - torch.tensor([0.1, 0.2, 0.3])) / (
        torch.tensor([1.0, 2.0, 4.0])
    )
    torch.testing.assert_close(x[:, :, 0, 0], expected)


@pytest.mark.parametrize(
    ("image", "options", "colour"),
    [
        (Image.new("RGB", (9, 9), RED).convert("CMYK"), {"format": "JPEG", "quality": 100}, RED),
        (Image.new("RGB", (9, 9), RED).quantize(4), {"format": "GIF"}, RED),
        (Image.new("RGBA", (9, 9), (*RED, 0)), {"format": "PNG"}, (255, 255, 255)),
        (Image.new("RGBA", (9, 9), (*RED, 255)), {"format": "PNG"}, RED),
        (Image.new("LA", (9, 9), (80, 255)), {"format": "PNG"}, (80, 80, 80)),
        (Image.new("P", (9, 9)), {"format": "PNG", "transparency": 0}, (255, 255, 255)),
        (Image.new("1", (9, 9), 1), {"format": "TIFF"}, (255, 255, 255)),
        (
            Image.fromarray(np.full((9, 9), 300 * 256 // 2, dtype=np.uint16)),
            {"format": "PNG"},
            (150, 150, 150),
        ),
    ],
    ids=["CMYK", "palette", "transparent", "opaque", "gray-alpha", "palette-alpha", "bits", "16"],
)
def test_every_mode_becomes_bytes(tmp_path, image, options, colour):
    # The name says nothing about the format.
    image.save(tmp_path / "image", **options)
    found = decode(tmp_path / "image", size=4, channels=3)
    assert found.shape == (3, 4, 4) and found.dtype == torch.uint8
    assert (found[:, 0, 0].int() - torch.tensor(colour)).abs().max() <= 3
    assert decode(tmp_path / "image", size=4, channels=1).shape == (1, 4, 4)


def test_the_middle_is_kept_and_images_stand_upright(tmp_path):
    image = np.zeros((4, 12, 3), dtype=np.uint8)
    image[:, 4:8, 0], image[:2, :, 1] = 255, 255  # a red middle, a green upper half
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees to the right when it is shown
    Image.fromarray(image).save(tmp_path / "plain.png")
    Image.fromarray(image).save(tmp_path / "turned.png", exif=exif)
    plain, turned = (decode(tmp_path / f"{n}.png", size=4, channels=3) for n in ("plain", "turned"))
    assert plain[0].eq(255).all() and plain[1, :2].eq(255).all() and not plain[1, 2:].any()
    assert torch.equal(turned, plain.rot90(-1, (1, 2)))


def test_gray_is_luma(folder):
    data = ready(folder, in_channels=1)
    luma = {round(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in (RED, GREEN)}
    assert {c for (c,) in pixels(data, "train")} == luma


@pytest.fixture
def odd(folder):
    """The folder with what is found in folders."""
    (folder / "readme.txt").write_text("top")
    (folder / "a_green" / "notes.txt").write_text("text")
    (folder / "a_green" / ".DS_Store").write_bytes(b"hidden")
    (folder / ".git").mkdir()
    (folder / "__MACOSX" / "a_green").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "b_red" / "cut.jpg")
    content = (folder / "b_red" / "cut.jpg").read_bytes()
    (folder / "b_red" / "cut.jpg").write_bytes(content[: len(content) // 2])
    (folder / "b_red" / "empty.png").touch()
    Image.fromarray(np.ones((3, 3), dtype=np.float32)).save(folder / "b_red" / "float.tiff")
    (folder / "c_empty").mkdir()
    save(folder / "b_red" / "deeper" / "still.png", RED)
    return folder


def test_what_is_odd_is_named_once_and_left_out(odd, caplog):
    with caplog.at_level(logging.WARNING):
        data = ready(odd)
        ready(odd)
    (record,) = caplog.records
    message = record.getMessage()
    assert "\n" not in message and "left out 6: " in message
    for name in (
        "a_green/notes.txt (no image)", "b_red/empty.png (no image)", "c_empty/ (no images)",
        "readme.txt (in no class)", "b_red/float.tiff (floating-point pixels",
        "b_red/cut.jpg (image file is truncated",
    ):  # fmt: skip
        assert name in message
    # An empty class keeps its label.
    assert data.num_classes == 3 == count_classes(str(odd.parent), odd.name)
    assert sum(len(data.pixels(split)) for split in ("train", "val", "test")) == 41


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("train", "valid"), ("train",)])
def test_folders_of_a_split_are_the_split(folder, parts):
    root = folder.parent / "split"
    for i, part in enumerate(parts):
        for name, colour in (("a_green", GREEN), ("b_red", RED)):
            for k in range(20 - 5 * i):
                save(root / part / name / f"{k}.png", colour)
    save(root / parts[-1] / "unknown" / "1.png", RED)
    if parts == ("train",):
        (root / "train" / "unknown" / "1.png").unlink()
        (root / "train" / "unknown").rmdir()
    data = ready(root)
    sizes = [len(data.pixels(split)) for split in ("train", "val", "test")]
    assert sizes == {3: [40, 30, 20], 2: [32, 30, 8], 1: [29, 3, 8]}[len(parts)]
    assert data.num_classes == 2
    numbers = torch.cat([data.numbers("train"), data.numbers("val")])
    assert sorted(numbers.tolist()) == list(range(sum(sizes[:2])))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda f: save(f / "a_green" / "new.png", GREEN), "a file more"),
        (lambda f: (f / "a_green" / "0.bmp").unlink(), "a file less"),
        (lambda f: save(f / "a_green" / "0.bmp", RED), "another file"),
        (lambda f: (f / "a_green").rename(f / "c_green"), "another order of classes"),
    ],
)
def test_a_changed_folder_is_decoded_again(folder, change, what):
    before = content_digest(str(folder.parent), folder.name)
    first = ready(folder).full_batch("train")
    (cache,) = (folder.parent / "c").iterdir()
    written = cache.stat().st_mtime_ns
    assert torch.equal(ready(folder).full_batch("train")[0], first[0])
    assert cache.stat().st_mtime_ns == written
    change(folder)
    x, y = ready(folder).full_batch("train")
    assert x.shape != first[0].shape or not (torch.equal(x, first[0]) and torch.equal(y, first[1]))
    assert content_digest(str(folder.parent), folder.name) != before
    assert len(list((folder.parent / "c").iterdir())) == 1


def test_a_damaged_cache_is_made_again(folder):
    first = ready(folder).full_batch("val")[0]
    (cache,) = (folder.parent / "c").iterdir()
    cache.write_bytes(cache.read_bytes()[:100])
    assert torch.equal(ready(folder).full_batch("val")[0], first)


def decoded(folder):
    cache = ImageCache(folder, cache_dir=folder.parent / "c", size=8, channels=3)
    cache.make()
    return cache.file.stat().st_mtime_ns


def test_processes_decode_once(folder):
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        assert len(set(pool.map(decoded, [folder] * 4))) == 1
    assert [f.suffix for f in (folder.parent / "c").iterdir()] == [".safetensors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folder": None}, "data.folder is not set: data.folder is a folder with"),
        ({"folder": "missing"}, "missing: no such folder; data.folder is a folder with"),
        ({"folder": "mine/a_green/0.bmp"}, "is a file, expected a folder"),
        ({"num_classes": 1}, "data.num_classes=1, but .*mine has 2 folders of classes: set"),
        ({"in_channels": 4}, "data.in_channels=4: expected 1"),
        ({"mean": [0.5]}, r"data.mean=\[0.5\]: expected 3 numbers, one"),
        ({"std": [0.5, 0.0, 1.0]}, r"data.std=\[0.5, 0.0, 1.0\]: expected 3 numbers above 0"),
    ],
)
def test_what_does_not_fit_is_one_clear_line(folder, options, message):
    places = {"data_dir": folder.parent, "folder": folder.name, "cache_dir": folder.parent / "c"}
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        ImageFolder(**places | {"name": "mine"} | options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kept", [["a_green"], []])
def test_a_folder_without_classes_is_one_clear_line(folder, kept):
    for name in {"a_green", "b_red"} - set(kept):
        for file in (folder / name).iterdir():
            file.write_text("no image")
    data = module(folder)
    with pytest.raises(ValueError, match=f"expected a folder of images .* {len(kept)} with") as e:
        data.prepare_data()
    assert "\n" not in str(e.value) and "/0.bmp (no image)" in str(e.value)
    assert not list((folder.parent / "c").glob("*"))


def test_two_processes_see_the_batches_of_one(folder):
    shares = []
    for rank in range(2):
        data = module(folder)
        strategy = SimpleNamespace(root_device=torch.device("cpu"))
        data.trainer = SimpleNamespace(global_rank=rank, world_size=2, strategy=strategy)
        data.setup()
        shares.append([y for _, y in data.train_dataloader()])
    whole = [y for _, y in ready(folder).train_dataloader()]
    for parts, y in zip(zip(*shares, strict=True), whole, strict=True):
        assert torch.equal(torch.cat(parts), y)


def test_links_are_followed_once_and_what_is_no_file_is_left_out(folder, caplog):
    others = folder.parent / "others"
    save(others / "1.png", RED)
    (others / "again").symlink_to(others)
    (folder / "b_red" / "linked").symlink_to(others)
    (folder / "b_red" / "nowhere.png").symlink_to(folder.parent / "nothing.png")
    os.mkfifo(folder / "a_green" / "pipe.png")
    digest = content_digest(str(folder.parent), "mine")
    with caplog.at_level(logging.WARNING):
        data = ready(folder)
    assert sum(len(data.pixels(split)) for split in ("train", "val", "test")) == 41
    assert "left out 2: a_green/pipe.png (no file" in caplog.text and "nowhere.png" in caplog.text
    assert digest == content_digest(str(folder.parent), "mine") is not None


def test_a_link_to_what_a_class_lies_in_brings_no_images_of_other_classes(folder):
    (folder / "b_red" / "everything").symlink_to(folder)
    names = {file.path for file in list_images(folder).files}
    assert names and not any("everything" in name for name in names)


def test_transparent_pixels_of_16_bits_are_white(tmp_path):
    pixels = np.full((4, 4), 1000, dtype=np.uint16)
    pixels[:2] = 40000
    Image.fromarray(pixels).save(tmp_path / "gray.png", transparency=1000)
    found = decode(tmp_path / "gray.png", size=4, channels=1)
    assert found[0, 0, 0] == 40000 >> 8 and found[0, 3, 3] == 255
