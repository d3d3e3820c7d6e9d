import pytest
import torch

from scalegmn.formats import save_network
from scalegmn.inr.inr_set import INRSet, concatenate
from scalegmn.inr.packed import is_packed, packed_file, read_packed, read_split, write_packed
from scalegmn.targets import Siren


def drawn(siren, count=3, *, pixels=True, image=None):
    torch.manual_seed(count)
    return INRSet(
        {n: torch.randn(count, *p.shape) for n, p in siren.named_parameters()},
        label=torch.arange(count),
        image=torch.arange(count) if image is None else image,
        copy=torch.zeros(count, dtype=torch.int64),
        pixels=torch.randint(256, (count, 1, 4, 4), dtype=torch.uint8) if pixels else None,
    )


@pytest.mark.parametrize("pixels", [True, False])
def test_what_is_written_is_read(tmp_path, siren, pixels):
    inrs = drawn(siren, pixels=pixels)
    write_packed(tmp_path / "a.safetensors", inrs, {"dataset": "x"})
    found = read_packed(tmp_path / "a.safetensors", siren)
    assert all(torch.equal(found.parameters[n], inrs.parameters[n]) for n in inrs.parameters)
    assert torch.equal(found.label, inrs.label) and torch.equal(found.image, inrs.image)
    assert (found.pixels is None) != pixels
    assert found.pixels is None or torch.equal(found.pixels, inrs.pixels)


def test_shards_are_merged_in_the_order_of_images(tmp_path, siren):
    parts = [drawn(siren, 3, image=torch.tensor(i)) for i in ([4, 0, 2], [1, 5, 3])]
    for shard, part in enumerate(parts):
        write_packed(packed_file(tmp_path, "train", shard, 2), part, {})
    merged = read_split(tmp_path, "train", siren)
    assert merged.image.tolist() == [0, 1, 2, 3, 4, 5]
    assert merged.label.tolist() == [1, 0, 2, 2, 0, 1]
    both = concatenate(parts)
    row = both.image.tolist().index(3)
    assert torch.equal(merged.parameters["seq.1.bias"][3], both.parameters["seq.1.bias"][row])
    assert not is_packed(tmp_path)


def test_an_image_twice_is_refused(tmp_path, siren):
    for shard in (0, 1):
        write_packed(packed_file(tmp_path, "val", shard, 2), drawn(siren), {})
    with pytest.raises(ValueError, match=r"the val split has an INR of image 0 twice"):
        read_split(tmp_path, "val", siren)


def set_nan(parameters, index):
    parameters["seq.1.bias"][1, 2] = torch.nan


def reshape(parameters, index):
    parameters["seq.0.weight"] = torch.zeros(3, 4, 3)


def shorten(parameters, index):
    index["label"] = index["label"][:2]


def pixels_as_floats(parameters, index):
    index["pixels"] = index["pixels"].float()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_nan, r"seq.1.bias holds NaN or infinity in 1 of 15 places"),
        (reshape, r"seq.0.weight has shape \(3, 4, 3\), expected \(3, 4, 2\)"),
        (shorten, r"image is torch.int64 of shape \[3\], expected .* the first of them 2"),
        (pixels_as_floats, r"pixels is torch.float32 .* expected torch.uint8"),
        (lambda p, i: p.pop("seq.2.bias"), r"it lacks seq.2.bias"),
    ],
)
def test_a_spoiled_file_is_named_in_one_line(tmp_path, siren, change, message):
    path = tmp_path / "a.safetensors"
    inrs = drawn(siren)
    parameters, index = dict(inrs.parameters), {"label": inrs.label, "pixels": inrs.pixels}
    change(parameters, index)
    save_network(path, {**parameters, **index, "image": inrs.image, "copy": inrs.copy}, {})
    with pytest.raises(ValueError, match=message) as caught:
        read_packed(path, siren)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_other_files_are_refused(tmp_path, siren):
    (tmp_path / "a.safetensors").write_bytes(b"12345678 and nothing else")
    with pytest.raises(ValueError, match=r"a.safetensors: truncated, or not a safetensors file"):
        read_packed(tmp_path / "a.safetensors", siren)
    write_packed(tmp_path / "b.safetensors", drawn(Siren(3, (4, 5))), {})
    with pytest.raises(ValueError, match=r"seq.2.weight has shape"):
        read_packed(tmp_path / "b.safetensors", siren)
    with pytest.raises(FileNotFoundError, match="no packed INRs of the test split"):
        read_split(tmp_path, "test", siren)
