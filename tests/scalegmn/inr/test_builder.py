import hashlib

import pytest
import torch

from scalegmn.formats import read_metadata
from scalegmn.inr import Fitter, initial_parameters
from scalegmn.inr.builder import INRBuilder
from scalegmn.inr.packed import SPLITS, read_packed, read_split
from scalegmn.inr.plan import seed_of
from scalegmn.targets import Siren


def content(folder):
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


class Stopped(Exception):
    pass


def stop_after(fits):
    def progress(done, total):
        if done >= fits:
            raise Stopped

    return progress


def test_every_image_of_every_split_has_its_fits(build, tmp_path, digit_splits, siren):
    fitted = build(tmp_path / "inrs")
    assert fitted.fitted == 36
    for split, images in digit_splits.items():
        inrs = read_split(tmp_path / "inrs", split, siren)
        assert inrs.image.tolist() == [n for n in images.numbers.tolist() for _ in range(2)]
        assert inrs.copy.tolist() == [0, 1] * len(images)
        assert torch.equal(inrs.label, images.labels.repeat_interleave(2))
        assert torch.equal(inrs.pixels, images.pixels.repeat_interleave(2, dim=0))
        assert len(fitted.psnr[split]) == len(inrs)


def test_a_fit_is_that_of_the_fitter_alone(build, tmp_path, digit_splits, siren):
    build(tmp_path / "inrs")
    inrs = read_split(tmp_path / "inrs", "val", siren)
    start = initial_parameters(siren, [seed_of(7, "val", 10, 1)])
    own = Fitter(steps=8).fit(siren, start, digit_splits["val"].pixels[1:2].float() / 255)
    row = (inrs.image == 10) & (inrs.copy == 1)
    assert all((inrs.parameters[n][row] - own[n]).abs().max() < 1e-4 for n in own)
    assert not torch.equal(inrs.parameters["seq.0.weight"][0], inrs.parameters["seq.0.weight"][1])


@pytest.mark.parametrize("fits", [0, 1, 20, 36])
def test_a_set_that_was_stopped_is_completed_to_the_same_bytes(build, tmp_path, fits):
    build(tmp_path / "whole")
    with pytest.raises(Stopped):
        build(tmp_path / "stopped", stop_after(fits))
    done = []
    again = build(tmp_path / "stopped", lambda done_, total: done.append(done_))
    assert content(tmp_path / "stopped") == content(tmp_path / "whole")
    # Whole groups of three were kept.
    assert done[0] == -(-fits // 3) * 3 and again.fitted == 36 - done[0]


def test_a_killed_process_leaves_nothing_behind(build, tmp_path):
    build(tmp_path / "whole")
    with pytest.raises(Stopped):
        build(tmp_path / "killed", stop_after(9))
    (tmp_path / "killed/parts/.val_0000000.0123abcd.safetensors").write_bytes(b"half")
    build(tmp_path / "killed")
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


def test_a_finished_set_is_not_made_again(build, tmp_path):
    first = build(tmp_path / "inrs")
    before = {f: f.stat().st_mtime_ns for f in (tmp_path / "inrs").rglob("*") if f.is_file()}
    second = build(tmp_path / "inrs", stop_after(0))
    assert second.fitted == 0
    assert all(torch.equal(first.psnr[s], second.psnr[s]) for s in SPLITS)
    assert before == {f: f.stat().st_mtime_ns for f in before}


def test_processes_change_no_byte(build, tmp_path):
    build(tmp_path / "one")
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        build(tmp_path / "two")
    finally:
        torch.set_num_threads(threads)
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_shards_together_are_the_whole(build, tmp_path, siren):
    build(tmp_path / "whole")
    for shard in (1, 0):
        build(tmp_path / "shards", shard=shard, shards=2)
    for split in SPLITS:
        whole, merged = (read_split(tmp_path / f, split, siren) for f in ("whole", "shards"))
        assert torch.equal(whole.image, merged.image) and torch.equal(whole.copy, merged.copy)
        assert all(
            torch.equal(whole.parameters[n], merged.parameters[n]) for n in siren.state_dict()
        )
    pth = {n: h for n, h in content(tmp_path / "whole").items() if n.endswith((".pth", "ts.json"))}
    assert pth.items() <= content(tmp_path / "shards").items() and len(pth) == 37


def test_a_missing_shard_is_named(build, tmp_path, siren):
    build(tmp_path / "inrs", shard=0, shards=2)
    with pytest.raises(FileNotFoundError, match=r"train_1_of_2.* missing.* shard=1 shards=2"):
        read_split(tmp_path / "inrs", "train", siren)


def test_a_subset_is_the_first_images(build, tmp_path, siren):
    build(tmp_path / "all")
    build(tmp_path / "some", images=2, checkpoints=False)
    some, whole = (read_split(tmp_path / f, "train", siren) for f in ("some", "all"))
    assert some.image.tolist() == [0, 0, 1, 1]
    assert all(
        (some.parameters[n] - whole.parameters[n][:4]).abs().max() < 1e-4
        for n in siren.state_dict()
    )
    assert not list((tmp_path / "some").rglob("*.pth"))


def test_packed_files_are_described(build, tmp_path, siren):
    build(tmp_path / "inrs")
    about = read_metadata(tmp_path / "inrs/val_0_of_1.safetensors")
    assert about["dataset"] == "digits"
    assert about["siren"] == '{"hidden": [4, 5], "channels": 1, "w0": 30.0}'
    assert len(read_packed(tmp_path / "inrs/val_0_of_1.safetensors", siren)) == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 8}, "holds INRs with seed 7, not 8: give another inrs.folder"),
        ({"shards": 2}, "holds INRs with shards 1, not 2"),
        ({"at_once": 4}, "holds INRs with at_once 3, not 4"),
    ],
)
def test_a_folder_of_other_inrs_is_refused(build, tmp_path, changes, message):
    build(tmp_path / "inrs")
    with pytest.raises(ValueError, match=message):
        build(tmp_path / "inrs", **changes)


def test_a_folder_of_something_else_is_refused(build, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds photo.png, which is no part of INRs"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fits_per_image": 0}, "inrs.fits_per_image must be a whole number"),
        ({"images": 0}, "inrs.images must be"),
        ({"at_once": -1}, "inrs.at_once must be"),
        ({"seed": -1}, "inrs.seed must be"),
        ({"shard": 2, "shards": 2}, "shard=2: shards=2 are numbered from 0"),
        ({"shard": -1}, "shard must be a whole number, at least 0"),
    ],
)
def test_impossible_numbers_are_refused(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        INRBuilder(folder=tmp_path, siren=Siren(), fitter=Fitter(), **changes)


def test_more_shards_than_groups_are_refused(build, tmp_path):
    with pytest.raises(ValueError, match=r"shards=5: the val split has 3 groups"):
        build(tmp_path / "inrs", shards=5)
    assert not (tmp_path / "inrs").exists()
