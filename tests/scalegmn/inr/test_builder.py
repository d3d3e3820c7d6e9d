import hashlib
import multiprocessing
import os
import signal

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


@pytest.fixture(scope="module")
def whole(build, tmp_path_factory):
    """A finished set, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("whole") / "inrs"
    assert build(folder).fitted == 36
    return folder


def test_every_image_of_every_split_has_its_fits(build, whole, digit_splits, siren):
    fitted = build(whole)
    assert fitted.fitted == 0
    for split, images in digit_splits.items():
        inrs = read_split(whole, split, siren)
        assert inrs.image.tolist() == [n for n in images.numbers.tolist() for _ in range(2)]
        assert inrs.copy.tolist() == [0, 1] * len(images)
        assert torch.equal(inrs.label, images.labels.repeat_interleave(2))
        assert torch.equal(inrs.pixels, images.pixels.repeat_interleave(2, dim=0))
        assert len(fitted.psnr[split]) == len(inrs)


def test_a_fit_is_that_of_the_fitter_alone(whole, digit_splits, siren):
    inrs = read_split(whole, "val", siren)
    start = initial_parameters(siren, [seed_of(7, "val", 10, 1)])
    own = Fitter(steps=8).fit(siren, start, digit_splits["val"].pixels[1:2].float() / 255)
    row = (inrs.image == 10) & (inrs.copy == 1)
    assert all((inrs.parameters[n][row] - own[n]).abs().max() < 1e-4 for n in own)
    assert not torch.equal(inrs.parameters["seq.0.weight"][0], inrs.parameters["seq.0.weight"][1])


@pytest.mark.parametrize("fits", [0, 1, 20, 36])
def test_a_set_that_was_stopped_is_completed_to_the_same_bytes(build, tmp_path, whole, fits):
    with pytest.raises(Stopped):
        build(tmp_path / "stopped", stop_after(fits))
    done = []
    again = build(tmp_path / "stopped", lambda done_, total: done.append(done_))
    assert content(tmp_path / "stopped") == content(whole)
    # Whole groups of three were kept.
    assert done[0] == -(-fits // 3) * 3 and again.fitted == 36 - done[0]


def kill_after(fits):
    def progress(done, total):
        if done >= fits:
            os.kill(os.getpid(), signal.SIGKILL)

    return progress


def test_a_killed_process_leaves_nothing_behind(build, tmp_path, whole):
    killed = tmp_path / "killed"
    process = multiprocessing.get_context("fork").Process(
        target=build, args=(killed, kill_after(9))
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL and len(list((killed / "parts").iterdir())) >= 3
    (killed / "parts/.val_0000000.0123abcd.safetensors").write_bytes(b"half")
    assert build(killed).fitted == 27
    assert content(killed) == content(whole)


def test_a_finished_set_is_not_made_again(build, whole):
    before = {f: f.stat().st_mtime_ns for f in whole.rglob("*") if f.is_file()}
    again = build(whole, stop_after(0))
    assert again.fitted == 0 and [len(again.psnr[split]) for split in SPLITS] == [18, 8, 10]
    assert before == {f: f.stat().st_mtime_ns for f in before}


def test_processes_change_no_byte(build, tmp_path, whole):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        build(tmp_path / "two")
    finally:
        torch.set_num_threads(threads)
    assert content(tmp_path / "two") == content(whole)


def test_shards_together_are_the_whole(build, tmp_path, whole, siren):
    for shard in (1, 0):
        build(tmp_path / "shards", shard=shard, shards=2)
    for split in SPLITS:
        one, merged = (read_split(f, split, siren) for f in (whole, tmp_path / "shards"))
        assert torch.equal(one.image, merged.image) and torch.equal(one.copy, merged.copy)
        assert all(torch.equal(one.parameters[n], merged.parameters[n]) for n in siren.state_dict())
    pth = {n: h for n, h in content(whole).items() if n.endswith((".pth", "ts.json"))}
    assert pth.items() <= content(tmp_path / "shards").items() and len(pth) == 37


def test_a_missing_shard_is_named(build, tmp_path, siren):
    build(tmp_path / "inrs", shard=0, shards=2)
    with pytest.raises(FileNotFoundError, match=r"train_1_of_2.* missing.* shard=1 shards=2"):
        read_split(tmp_path / "inrs", "train", siren)


def test_a_subset_is_the_first_images(build, tmp_path, whole, siren):
    build(tmp_path / "some", images=2, checkpoints=False)
    some, all_ = (read_split(f, "train", siren) for f in (tmp_path / "some", whole))
    assert some.image.tolist() == [0, 0, 1, 1]
    assert all(
        (some.parameters[n] - all_.parameters[n][:4]).abs().max() < 1e-4 for n in siren.state_dict()
    )
    assert not list((tmp_path / "some").rglob("*.pth"))


def test_each_split_has_its_own_number_of_images(build, tmp_path, siren):
    counts = {"train": 3, "val": 1, "test": 2}
    fitted = build(tmp_path / "inrs", images=counts, fits_per_image=1)
    assert {split: len(values) for split, values in fitted.psnr.items()} == counts
    with pytest.raises(ValueError, match=r"holds INRs with images {'train': 3"):
        build(tmp_path / "inrs", images={**counts, "test": 3}, fits_per_image=1)


def test_packed_files_are_described(whole, siren):
    about = read_metadata(whole / "val_0_of_1.safetensors")
    assert about["dataset"] == "digits"
    assert about["siren"] == '{"hidden": [4, 5], "channels": 1, "w0": 30.0}'
    assert len(read_packed(whole / "val_0_of_1.safetensors", siren)) == 8


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 8}, "holds INRs with seed 7, not 8: give another inrs.folder"),
        ({"shards": 2}, "holds INRs with shards 1, not 2"),
        ({"at_once": 4}, "holds INRs with at_once 3, not 4"),
    ],
)
def test_a_folder_of_other_inrs_is_refused(build, whole, changes, message):
    with pytest.raises(ValueError, match=message):
        build(whole, **changes)


def test_a_folder_of_something_else_is_refused(build, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"holds photo.png, which is no part of INRs"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fits_per_image": 0}, "inrs.fits_per_image must be a whole number"),
        ({"images": 0}, "inrs.images must be"),
        ({"images": {"train": 3, "val": 0, "test": 1}}, "inrs.images must be"),
        ({"images": {"train": 3}}, "inrs.images must have train, val, test, got train"),
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
