import json

import pytest
import torch

from scalegmn.inr.checkpoints import find_checkpoints, read_checkpoints, write_checkpoint
from scalegmn.inr.packed import read_split
from scalegmn.inr.public_splits import split_by_file, split_by_seed, split_file
from scalegmn.targets import Siren


def saved(path, siren, **more):
    """As another program writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save({**siren.state_dict(), **more}, path)


@pytest.fixture
def mnist(tmp_path, siren):
    for part, count in (("training", 14), ("testing", 2)):
        for i in range(count):
            folder = tmp_path / f"mnist_png_{part}_{i % 10}_{i}"
            saved(folder / "checkpoints/fit.pth", Siren(1, (4, 5)))
    return tmp_path


def test_the_layout_of_mnist_inrs(mnist, siren):
    found, layout = find_checkpoints(mnist)
    assert len(found) == 16 and layout.numbered
    one = next(c for c in found if "training_3_13" in str(c.path))
    assert (one.part, one.image, one.copy, one.label) == ("train", 13, 0, 3)
    inrs = read_checkpoints([one], siren)
    assert inrs.label.tolist() == [3] and inrs.image.tolist() == [13]
    stored = torch.load(one.path, weights_only=True)
    assert all(torch.equal(inrs.parameters[n][0], stored[n]) for n in stored)


def test_the_layout_of_fmnist_inrs(tmp_path, siren):
    for part, count in (("train", 3), ("test", 1)):
        for i in range(count):
            saved(tmp_path / f"{part}/model_{i}.pth", siren, label=torch.tensor(i + 4))
    found, layout = find_checkpoints(tmp_path)
    assert [(c.part, c.image) for c in found] == [("test", 0), *(("train", i) for i in range(3))]
    assert not layout.numbered
    assert read_checkpoints(found, siren).label.tolist() == [4, 4, 5, 6]


def test_the_layout_of_cifar_inrs(tmp_path, siren):
    saved(tmp_path / "randinit_smaller_7s/net12.pth", siren)
    saved(tmp_path / "randinit_smaller_aug3_7s/net12.pth", siren)
    saved(tmp_path / "randinit_smaller_1s/net50003.pth", siren)
    found, _ = find_checkpoints(tmp_path)
    assert {(c.part, c.image, c.copy, c.label) for c in found} == {
        ("train", 12, 0, 7),
        ("train", 12, 4, 7),
        ("test", 3, 0, 1),
    }


def test_several_files_of_one_image_are_several_fits(tmp_path, siren):
    for name in ("a", "b"):
        saved(tmp_path / f"mnist_png_training_1_5/checkpoints/{name}.pth", siren)
    assert [c.copy for c in find_checkpoints(tmp_path)[0]] == [0, 1]


def test_a_folder_without_inrs_says_what_was_expected(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no INRs; expected packed files .*get_data.py"):
        find_checkpoints(tmp_path)


def test_what_the_builder_writes_is_read_as_another_program_s(build, tmp_path, siren):
    build(tmp_path)
    found, _ = find_checkpoints(tmp_path)
    splits = split_by_file(split_file(tmp_path, None), found)
    for split, some in splits.items():
        packed = read_split(tmp_path, split, siren)
        public = read_checkpoints(some, siren)
        assert torch.equal(packed.image, public.image) and torch.equal(packed.label, public.label)
        assert all(
            torch.equal(packed.parameters[n], public.parameters[n]) for n in siren.state_dict()
        )


def test_equal_networks_give_equal_files(tmp_path, siren):
    for name in ("a", "other"):
        write_checkpoint(tmp_path / f"{name}.pth", siren.state_dict())
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "other.pth").read_bytes()


def test_a_seed_splits_by_image(mnist):
    found, _ = find_checkpoints(mnist)
    splits = split_by_seed(found, 42)
    assert {split: len(some) for split, some in splits.items()} == {
        "train": 12,
        "val": 2,
        "test": 2,
    }
    assert all(c.part == "test" for c in splits["test"])
    assert split_by_seed(found, 42) == splits != split_by_seed(found, 43)


def test_a_split_needs_images(mnist):
    training = [c for c in find_checkpoints(mnist)[0] if c.part == "train"]
    with pytest.raises(ValueError, match=r"14 INRs leave none for the test split"):
        split_by_seed(training, 0)


def listed(folder, count=3, **changes):
    """Three splits of as many INRs, whose folders say the labels."""
    path = "anywhere/mnist-inrs/mnist_png_training_{0}_{1}/checkpoints/fit.pth"
    content = {}
    for k, split in enumerate(("train", "val", "test")):
        labels = [i % 10 for i in range(k * count, (k + 1) * count)]
        paths = [path.format(label, k * count + i) for i, label in enumerate(labels)]
        content[split] = {"path": paths, "label": [str(label) for label in labels]}
    (folder / "mnist_splits.json").write_text(json.dumps(content | changes))
    return split_file(folder, None)


def test_a_published_split_file_is_read_whatever_comes_before_the_folder(mnist):
    found, _ = find_checkpoints(mnist)
    splits = split_by_file(listed(mnist), found)
    assert [c.image for c in splits["val"]] == [3, 4, 5]


FIRST = "mnist-inrs/mnist_png_training_0_0/checkpoints/fit.pth"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"path": [FIRST], "label": ["0"]}, "its test split has .*_0_0.*, which its train split"),
        ([FIRST], "its test split has .*_0_0.*, which its train split has, too: get the data set"),
        ({"path": [FIRST[:-9] + "fit.pth"] * 2, "label": ["0"]}, "2 paths and 1 labels"),
        (
            {"path": ["mnist_png_training_9_9/checkpoints/fit.pth"], "label": ["12"]},
            "with label 12, whose folder says 9: get",
        ),
    ],
)
def test_a_split_that_contradicts_itself_or_the_folders_is_refused(mnist, rows, message):
    found, _ = find_checkpoints(mnist)
    with pytest.raises(ValueError, match=message) as caught:
        split_by_file(listed(mnist, test=rows), found)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_is_missing_from_the_split_is_named(mnist):
    found, _ = find_checkpoints(mnist)
    with pytest.raises(ValueError, match=r"its val split has .*training_4_14.*, which is not in"):
        split_by_file(listed(mnist, 10), found)


@pytest.mark.parametrize("text", ["{", "[]", '{"train": []}', '{"train": 1, "val": 1, "test": 1}'])
def test_a_damaged_split_file_is_named(mnist, text):
    file = listed(mnist)
    file.write_text(text)
    with pytest.raises(ValueError, match=r"mnist_splits.json: damaged .*expected JSON"):
        split_by_file(file, [])


def test_a_split_file_that_is_asked_for_has_to_be_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"data.split_file=mine.json: no such file"):
        split_file(tmp_path, "mine.json")
    assert split_file(tmp_path, None) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"seq.0.weight": torch.zeros(3, 2)}, "lacks"),
        ([1, 2], "expected a state dict, got list"),
        ({**Siren(1, (4, 6)).state_dict()}, "has shape"),
        ({**Siren(1, (4, 5)).state_dict(), "seq.0.bias": torch.full((4,), torch.inf)}, "NaN"),
        (
            {**Siren(1, (4, 5)).state_dict(), "seq.3.bias": torch.zeros(1)},
            "has seq.3.bias, unknown",
        ),
    ],
)
def test_a_spoiled_checkpoint_is_named_in_one_line(mnist, siren, content, message):
    one = find_checkpoints(mnist)[0][0]
    torch.save(content, one.path)
    with pytest.raises(ValueError, match=message) as caught:
        read_checkpoints([one], siren)
    assert str(one.path) in str(caught.value) and "\n" not in str(caught.value)


def test_code_in_a_checkpoint_is_not_run(mnist, siren):
    one = find_checkpoints(mnist)[0][0]
    torch.save(Siren(1, (4, 5)), one.path)
    with pytest.raises(ValueError, match="other objects than tensors"):
        read_checkpoints([one], siren)


@pytest.mark.parametrize(("label", "read"), [(3, 3), ("4", 4), (torch.tensor([5]), 5)])
def test_labels_in_files_are_numbers_text_or_tensors(tmp_path, siren, label, read):
    saved(tmp_path / "train/model_0.pth", siren, label=label)
    assert read_checkpoints(find_checkpoints(tmp_path)[0], siren).label.tolist() == [read]


@pytest.mark.parametrize("label", ["seven", [1, 2], torch.zeros(2)])
def test_a_label_that_is_no_class_is_named(tmp_path, siren, label):
    saved(tmp_path / "train/model_0.pth", siren, label=label)
    with pytest.raises(ValueError, match=r"model_0.pth: expected a class as label, got") as caught:
        read_checkpoints(find_checkpoints(tmp_path)[0], siren)
    assert "\n" not in str(caught.value)


def test_a_label_that_nothing_tells_is_missed(tmp_path, siren):
    saved(tmp_path / "train/model_0.pth", siren)
    with pytest.raises(ValueError, match=r"model_0.pth: holds no label"):
        read_checkpoints(find_checkpoints(tmp_path)[0], siren)
