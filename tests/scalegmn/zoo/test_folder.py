import errno
import gzip
from pathlib import Path

import numpy as np
import pytest

from scalegmn.formats.layout import SMALL_CNN
from scalegmn.zoo import ZooFolder
from tests.zoos import metrics_of, write_zoo


@pytest.fixture
def folder(tmp_path):
    return write_zoo(tmp_path / "cifar10", metrics_of(12, steps=(0, 86)))


def test_it_opens_without_reading_weights(folder):
    zoo = ZooFolder.open(folder)
    assert isinstance(zoo.weights, np.memmap) and zoo.weights.shape == (24, 4970)
    assert zoo.layout == SMALL_CNN
    assert "config.optimizer" not in zoo.metrics
    assert str(zoo.metrics["modeldir"].dtype) == "category"


def test_rows_come_as_float32_whatever_the_file_holds(folder):
    np.save(folder / "weights.npy", np.load(folder / "weights.npy").astype(np.float64))
    ((rows, weights),) = ZooFolder.open(folder).read(np.array([3, 20]))
    assert weights.dtype == np.float32 and weights[:, 0].tolist() == rows.tolist() == [3, 20]


@pytest.mark.parametrize("name", ["", "weights.npy", "metrics.csv.gz", "layout.csv"])
def test_what_is_missing_is_named_with_where_to_get_it(folder, name, tmp_path):
    if name:
        (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match="get_data.py") as error:
        ZooFolder.open(folder if name else tmp_path / "mnist")
    assert (name or "mnist: no such folder") in str(error.value)
    assert "\n" not in str(error.value)


def truncate(folder):
    (folder / "weights.npy").write_bytes((folder / "weights.npy").read_bytes()[:-4000])


def shorten(folder):
    np.save(folder / "weights.npy", np.zeros((23, 4970), dtype=np.float32))


def narrow(folder):
    np.save(folder / "weights.npy", np.zeros((24, 4969), dtype=np.float32))


def whole_numbers(folder):
    np.save(folder / "weights.npy", np.zeros((24, 4970), dtype=np.int64))


def without(column):
    def change(folder):
        write_zoo(folder, metrics_of(12, steps=(0, 86)).drop(columns=[column]))

    return change


def cut_metrics(folder):
    path = folder / "metrics.csv.gz"
    path.write_bytes(path.read_bytes()[:-200])


def no_gzip(folder):
    (folder / "metrics.csv.gz").write_text("step,modeldir\n")


def empty_metrics(folder):
    (folder / "metrics.csv.gz").write_bytes(gzip.compress(b""))


def empty_step(folder):
    metrics = metrics_of(12, steps=(0, 86)).astype({"step": object})
    metrics.loc[3, "step"] = None
    write_zoo(folder, metrics)


def wrong_layout(folder):
    (folder / "layout.csv").write_text("varname,shape\n")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "weights.npy: truncated"),
        (shorten, "weights.npy has 23 rows and metrics.csv.gz has 24"),
        (narrow, r"wants rows of 4970 floats, got float32 of shape \(24, 4969\)"),
        (whole_numbers, "wants rows of 4970 floats, got int64"),
        (without("modeldir"), "metrics.csv.gz lacks modeldir"),
        (without("step"), "metrics.csv.gz lacks step"),
        (without("config.activation"), "metrics.csv.gz lacks config.activation"),
        (cut_metrics, "metrics.csv.gz: damaged"),
        (no_gzip, "metrics.csv.gz: damaged"),
        (empty_metrics, "metrics.csv.gz: damaged"),
        (empty_step, "metrics.csv.gz: damaged"),
        (wrong_layout, "layout.csv: expected the columns"),
    ],
)
def test_bad_input_is_one_clear_line(folder, damage, message):
    damage(folder)
    with pytest.raises(ValueError, match=message) as error:
        ZooFolder.open(folder)
    assert "\n" not in str(error.value)


BOM = b"\xef\xbb\xbf"


def test_a_byte_order_mark_is_no_part_of_a_file(folder):
    table, layout = folder / "metrics.csv.gz", folder / "layout.csv"
    plain = ZooFolder.open(folder)
    table.write_bytes(gzip.compress(BOM + gzip.decompress(table.read_bytes())))
    layout.write_bytes(BOM + layout.read_bytes())
    marked = ZooFolder.open(folder)
    assert marked.layout == plain.layout and marked.metrics.equals(plain.metrics)


@pytest.mark.parametrize("name", ["weights.npy", "metrics.csv.gz", "layout.csv"])
def test_a_file_that_may_not_be_read_is_named_with_the_reason(folder, name, monkeypatch):
    open_path = Path.open

    def refuse(path, *args, **kwargs):
        if path.name == name:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_path(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ValueError, match=rf"{name}: cannot be read \(Permission denied\)"):
        ZooFolder.open(folder)


def test_files_and_folders_in_each_other_s_place_are_named(folder):
    with pytest.raises(ValueError, match="layout.csv: is a file, expected a folder; get a zoo"):
        ZooFolder.open(folder / "layout.csv")
    (folder / "weights.npy").unlink()
    (folder / "weights.npy").mkdir()
    with pytest.raises(ValueError, match="weights.npy: is a folder"):
        ZooFolder.open(folder)


def test_a_tilde_is_the_home_folder(folder, monkeypatch):
    monkeypatch.setenv("HOME", str(folder.parent))
    assert ZooFolder.open("~/cifar10").path == folder
