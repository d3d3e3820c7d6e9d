import numpy as np
import pytest
import torch

from datamodules.inrs import INRs
from datamodules.protocols import check_data
from scalegmn.inr import Fitter, INRBuilder, canonical_phases, psnr, render
from scalegmn.inr.images import NumberedImages
from scalegmn.inr.packed import packed_file, read_packed, write_packed
from scalegmn.targets import Siren

HIDDEN = (4, 5)
SMALL = {"hidden": HIDDEN, "image_size": 6, "batch_size": 4}


def numbered(count, first=0):
    generator = torch.Generator().manual_seed(count)
    pixels = torch.randint(256, (count, 1, 6, 6), dtype=torch.uint8, generator=generator)
    return NumberedImages(pixels, torch.arange(count) % 10, torch.arange(first, first + count))


@pytest.fixture(scope="module")
def fitted(tmp_path_factory):
    """A data folder with ``inrs``: two fits of each of 10, 4 and 5 images."""
    data_dir = tmp_path_factory.mktemp("data")
    images = {"train": numbered(10), "val": numbered(4, 10), "test": numbered(5)}
    builder = INRBuilder(
        folder=data_dir / "inrs",
        siren=Siren(1, HIDDEN),
        fitter=Fitter(steps=6),
        fits_per_image=2,
        at_once=4,
    )
    dataset = {"name": "noise", "classes": 10}
    builder.build(
        images, dataset=dataset, device=torch.device("cpu"), progress=lambda done, total: None
    )
    return data_dir


@pytest.fixture
def public(tmp_path):
    """A data folder with ``mnist-inrs``, as another program writes it, and its images."""
    images = {"training": numbered(13), "testing": numbered(3)}
    raw = tmp_path / "MNIST/raw"
    raw.mkdir(parents=True)
    for part, prefix in (("training", "train"), ("testing", "t10k")):
        pixels, labels = images[part].pixels.numpy(), images[part].labels.numpy().astype(np.uint8)
        for kind, array in (("images-idx3", pixels[:, 0]), ("labels-idx1", labels)):
            shape = b"".join(n.to_bytes(4, "big") for n in array.shape)
            content = bytes([0, 0, 8, array.ndim]) + shape + array.tobytes()
            (raw / f"{prefix}-{kind}-ubyte").write_bytes(content)
        for i, label in enumerate(labels.tolist()):
            file = tmp_path / f"mnist-inrs/mnist_png_{part}_{label}_{i}/checkpoints/inr.pth"
            file.parent.mkdir(parents=True)
            torch.save(Siren(1, HIDDEN).state_dict(), file)
    return tmp_path


def ready(data_dir, folder="inrs", **options):
    data = INRs(data_dir=data_dir, folder=folder, **{**SMALL, **options})
    check_data(data, "inrs")
    data.prepare_data()
    data.setup()
    return data


def whole(loader):
    batches = list(loader)
    params = {n: torch.cat([b.parameters[n] for b in batches]) for n in batches[0].parameters}
    images = None if batches[0].images is None else torch.cat([b.images for b in batches])
    return params, torch.cat([b.label for b in batches]), images


def test_fitted_inrs_are_read_with_their_images(fitted):
    data = ready(fitted)
    params, label, images = whole(data.val_dataloader())
    assert label.tolist() == [0, 1, 2, 3] and images.shape == (4, 1, 6, 6)
    torch.testing.assert_close(images, numbered(4).pixels / 255)
    assert psnr(render(data.siren, params, 6, 6), images).min() > 3


def test_further_fits_are_trained_on_and_not_tested(fitted):
    data = ready(fitted)
    assert len(whole(data.train_dataloader())[1]) == 20
    assert len(whole(data.test_dataloader())[1]) == 5
    first = ready(fitted, train_fits=1)
    assert sorted(whole(first.train_dataloader())[1].tolist()) == list(range(10))


def test_phases_are_canonical_where_that_is_wanted(fitted):
    plain, canonical = ready(fitted), ready(fitted, canonical=True)
    params, _, _ = whole(plain.test_dataloader())
    found, _, images = whole(canonical.test_dataloader())
    expected = canonical_phases(plain.siren, params)
    assert all(torch.equal(found[n], expected[n]) for n in expected)


def test_the_frequency_is_absorbed_where_that_is_wanted(fitted):
    data = ready(fitted, absorb_w0=True)
    params, _, images = whole(data.val_dataloader())
    plain = ready(fitted)
    own, _, _ = whole(plain.val_dataloader())
    assert data.siren.w0 == 1.0 and torch.equal(params["seq.1.bias"], 30 * own["seq.1.bias"])
    shown = render(data.siren, params, 6, 6), render(plain.siren, own, 6, 6)
    torch.testing.assert_close(*shown, rtol=0, atol=1e-4)


def test_a_published_folder_is_packed_once(public):
    data = ready(public, "mnist-inrs")
    packed = sorted((public / "mnist-inrs/packed").glob("*"))
    assert [f.name for f in packed] == [f"{s}_0_of_1.safetensors" for s in ("test", "train", "val")]
    before = [f.stat().st_mtime_ns for f in packed]
    again = ready(public, "mnist-inrs")
    assert [f.stat().st_mtime_ns for f in packed] == before
    assert torch.equal(whole(data.val_dataloader())[1], whole(again.val_dataloader())[1])
    sizes = {s: len(whole(getattr(data, f"{s}_dataloader")())[1]) for s in ("train", "val", "test")}
    assert sizes == {"train": 11, "val": 2, "test": 3}


def test_a_published_inr_has_the_image_of_its_number(public):
    params, label, images = whole(ready(public, "mnist-inrs").test_dataloader())
    torch.testing.assert_close(images, numbered(3).pixels / 255)
    one = torch.load(
        public / "mnist-inrs/mnist_png_testing_1_1/checkpoints/inr.pth", weights_only=True
    )
    assert all(torch.equal(params[n][1], one[n]) for n in one) and label[1] == 1


def test_a_change_in_a_published_folder_is_seen(public):
    ready(public, "mnist-inrs")
    file = public / "mnist-inrs/mnist_png_testing_1_1/checkpoints/inr.pth"
    changed = Siren(1, HIDDEN).state_dict()
    torch.save(changed, file)
    params, _, _ = whole(ready(public, "mnist-inrs").test_dataloader())
    assert torch.equal(params["seq.0.weight"][1], changed["seq.0.weight"])


def test_another_seed_splits_a_published_folder_in_another_way(public):
    labels = [
        sorted(whole(ready(public, "mnist-inrs", split_seed=seed).val_dataloader())[1].tolist())
        for seed in range(4)
    ]
    assert len({tuple(some) for some in labels}) > 1


def test_without_images_there_are_labels(public):
    _, label, images = whole(ready(public, "mnist-inrs", images=None).test_dataloader())
    assert images is None and label.tolist() == [0, 1, 2]


def test_other_images_are_noticed(public):
    file = public / "MNIST/raw/t10k-labels-idx1-ubyte"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([9]))
    with pytest.raises(ValueError, match=r"test image 2 has label 9, and .*_2_2/.* has label 2"):
        ready(public, "mnist-inrs")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 7}, r"data.image_size=7, but .*train split has 6: set data.image_size=6"),
        ({"num_classes": 9}, r"train split has labels from 0 to 9, outside of 0 to 8"),
        ({"hidden": (4, 6)}, r"data.hidden=\[4, 6\], but .* has \[4, 5\]"),
        ({"w0": 20.0}, r"data.w0=20.0, but .* has 30.0"),
        ({"in_channels": 3}, r"data.in_channels=3, but .* has 1"),
        ({"train_fits": 0}, r"data.train_fits must be a whole number"),
        ({"folder": "nowhere"}, r"nowhere: no such folder; fit INRs with .*experiment=fit_inrs"),
    ],
)
def test_what_does_not_fit_is_named_in_one_line(fitted, options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        ready(fitted, **options)
    assert "\n" not in str(caught.value)


def test_nan_is_named(fitted, tmp_path):
    (tmp_path / "inrs").mkdir()
    for split in ("train", "val", "test"):
        inrs = read_packed(packed_file(fitted / "inrs", split), Siren(1, HIDDEN))
        if split == "val":
            inrs.parameters["seq.1.weight"][2, 0, 0] = torch.nan
        write_packed(packed_file(tmp_path / "inrs", split), inrs, {})
    with pytest.raises(ValueError, match=r"val_0_of_1.* seq.1.weight holds NaN or infinity in 1"):
        ready(tmp_path)


def test_a_missing_checkpoint_of_the_split_is_named(public):
    folder = public / "mnist-inrs"
    path = "x/mnist-inrs/mnist_png_training_5_77/checkpoints/inr.pth"
    (folder / "mnist_splits.json").write_text(
        f'{{"train": ["{path}"], "val": ["{path}"], "test": ["{path}"]}}'
    )
    with pytest.raises(
        ValueError, match=r"its train split has .*_5_77/.* which is not in"
    ) as caught:
        ready(public, "mnist-inrs")
    assert "\n" not in str(caught.value)
