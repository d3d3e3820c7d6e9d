"""Building a zoo, from the first to the last line, and being killed on the way."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np
import pytest
import torch

from scalegmn.zoo import ZooFolder
from scalegmn.zoo.builders import Ranges
from scalegmn.zoo.builders.training import StackedTraining
from tests.tiny_zoo import build, tiny_zoo

ROOT = Path(__file__).parents[4]
FILES = ("weights.npy", "metrics.csv.gz", "layout.csv")
# Kills itself inside the writing of a part, of the metrics, or of the record that says "finished".
KILLED = """
import os, signal, sys
import numpy as np
import torch
from scalegmn.zoo import record
from scalegmn.zoo.builders import assembly
from tests.tiny_zoo import build, tiny_zoo

torch.set_num_threads(1)  # as in the tests: sums differ in their last digits with the threads

def kill(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

folder, where = sys.argv[1:]
savez, write = np.savez, record.ZooRecord.write

def save(path, **arrays):
    savez(path, **arrays)
    if len(list(path.parent.glob("from_*"))) == 3:
        kill()

if where == "part":
    np.savez = save
elif where == "table":
    assembly.pd.DataFrame.to_csv = kill
else:
    record.ZooRecord.write = lambda r, folder: kill() if r.finished else write(r, folder)
build(tiny_zoo(folder))
"""
# Says how far it is.
SIDE_BY_SIDE = """
import sys
import torch
from tests.tiny_zoo import build, tiny_zoo

torch.set_num_threads(2)
folder, options = sys.argv[1:]
build(tiny_zoo(folder, **eval(options)), lambda done, total: print(done, flush=True))
"""


def content(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.mark.parametrize(("where", "finished"), [("part", 3), ("table", 6), ("record", 6)])
def test_a_zoo_that_was_killed_becomes_the_same_zoo(tmp_path, where, finished):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "zoo"), where]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    told = []
    build(tiny_zoo(tmp_path / "zoo"), lambda done, total: told.append(done))
    assert told[0] == finished
    build(tiny_zoo(tmp_path / "unkilled"))
    assert content(tmp_path / "zoo") == content(tmp_path / "unkilled")
    left = sorted(path.name for path in (tmp_path / "zoo").iterdir())
    assert left == sorted([*FILES, "README.md", "zoo.json"])


def test_a_zoo_that_is_killed_at_any_moment_becomes_the_same_zoo(tmp_path):
    whole = {"networks": 40, "at_once": 3}
    build(tiny_zoo(tmp_path / "unkilled", **whole))
    seed = random.randrange(2**32)
    moments, codes = random.Random(seed), []
    for _ in range(3):
        command = [sys.executable, "-c", SIDE_BY_SIDE, str(tmp_path / "zoo"), str(whole)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(moments.uniform(0, 0.3))
            process.kill()
        codes.append(process.returncode)
    assert -signal.SIGKILL in codes, seed
    build(tiny_zoo(tmp_path / "zoo", **whole))
    assert content(tmp_path / "zoo") == content(tmp_path / "unkilled"), seed
    left = sorted(path.name for path in (tmp_path / "zoo").iterdir())
    assert left == sorted([*FILES, "README.md", "zoo.json"])


def test_networks_are_trained_by_as_many_processes_as_there_are_threads(tmp_path, monkeypatch):
    run, pids = StackedTraining.run, tmp_path / "pids"
    pids.mkdir()

    def noted(*args):
        (pids / str(os.getpid())).touch()
        return run(*args)

    monkeypatch.setattr(StackedTraining, "run", noted)
    build(tiny_zoo(tmp_path / "one"))
    assert [path.name for path in pids.iterdir()] == [str(os.getpid())]
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    told = []
    build(tiny_zoo(tmp_path / "two"), lambda done, total: told.append(done))
    assert told == list(range(7))
    assert len(list(pids.iterdir())) == 3
    assert content(tmp_path / "one") == content(tmp_path / "two")
    # The last one, too, is not trained with two threads.
    build(tiny_zoo(tmp_path / "alone", networks=1))
    assert len(list(pids.iterdir())) == 4


def test_a_process_that_is_killed_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(StackedTraining, "run", lambda *args: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ChildProcessError, match="was killed, perhaps because memory") as error:
        build(tiny_zoo(tmp_path / "zoo"))
    assert "\n" not in str(error.value)


def test_a_zoo_of_which_nothing_is_left_is_refused(tmp_path):
    ranges = Ranges(learning_rate=(1e30, 1e30), optimizer=["sgd"], activation=["relu"])
    with pytest.raises(ValueError, match="zoo: all 2 networks diverged; give another"):
        build(tiny_zoo(tmp_path / "zoo", networks=2, ranges=ranges))


def test_the_official_folder_comes_out(tmp_path):
    tiny = tiny_zoo(tmp_path / "zoo")
    told = []
    record = build(tiny, lambda done, total: told.append((done, total)))
    assert told == [(n, 6) for n in range(7)]
    assert (record.networks, record.diverged) == (6, 0)
    zoo = ZooFolder.open(tiny.folder)
    assert zoo.weights.shape == (18, 4970) and zoo.weights.dtype == np.float32
    assert zoo.metrics["step"].tolist() == [0, 1, 3] * 6
    assert zoo.metrics["modeldir"].astype(str).tolist()[::3] == [f"run_{i:06d}" for i in range(6)]
    assert (zoo.weights[0, :16] == 0).all() and (zoo.weights[0, 16:160] != 0).all()
    card = (tiny.folder / "README.md").read_text()
    assert "6 networks" in card and all(f"`{c}`" in card for c in zoo.metrics.columns)


def test_a_finished_zoo_is_left_alone(tmp_path, monkeypatch):
    first = build(tiny_zoo(tmp_path / "zoo"))
    before = {f.name: f.stat().st_mtime_ns for f in (tmp_path / "zoo").iterdir()}
    assert build(tiny_zoo(tmp_path / "zoo")) == first
    assert {f.name: f.stat().st_mtime_ns for f in (tmp_path / "zoo").iterdir()} == before


def test_another_zoo_in_the_same_folder_is_refused(tmp_path):
    build(tiny_zoo(tmp_path / "zoo"))
    with pytest.raises(ValueError, match="holds a zoo with seed 42, not 1: give another") as error:
        build(tiny_zoo(tmp_path / "zoo", seed=1))
    assert "\n" not in str(error.value)


def test_a_zoo_from_elsewhere_is_not_overwritten(tmp_path):
    folder = tmp_path / "zoo"
    folder.mkdir()
    (folder / "weights.npy").write_bytes(b"")
    with pytest.raises(ValueError, match="holds weights.npy, which is no part of a zoo"):
        build(tiny_zoo(tmp_path / "zoo"))


def test_a_folder_with_other_files_is_not_touched(tmp_path):
    names = (".pre-commit-config.yaml", "README.md", "parts/mine.txt")
    (tmp_path / "parts").mkdir()
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match="holds .pre-commit-config.yaml, which") as error:
        build(tiny_zoo(tmp_path))
    assert "\n" not in str(error.value)
    assert all((tmp_path / name).read_text() == "mine" for name in names)


def test_files_that_someone_put_beside_a_zoo_stay(tmp_path):
    def put(done, total):
        for name in (".my.notes", "parts/mine.txt"):
            (tmp_path / "zoo" / "parts").mkdir(exist_ok=True)
            (tmp_path / "zoo" / name).touch()

    build(tiny_zoo(tmp_path / "zoo", networks=1), put)
    left = {path.name for path in (tmp_path / "zoo").iterdir()}
    assert left == {*FILES, "README.md", "zoo.json", ".my.notes", "parts"}
    assert [path.name for path in (tmp_path / "zoo" / "parts").iterdir()] == ["mine.txt"]


def test_of_two_processes_one_builds_and_the_other_waits(tmp_path):
    told, second = [], None
    with ThreadPoolExecutor() as pool:

        def start_another(done, total):
            nonlocal second
            if done == 1:
                other = tiny_zoo(tmp_path / "zoo", networks=2)
                second = pool.submit(build, other, lambda *counts: told.append(counts))
                assert wait([second], timeout=0.3).not_done

        first = build(tiny_zoo(tmp_path / "zoo", networks=2), start_another)
        assert second is not None and second.result(timeout=20) == first
    assert told == []


def test_networks_do_not_depend_on_how_many_there_are(tmp_path):
    build(tiny_zoo(tmp_path / "few", networks=3, at_once=1))
    build(tiny_zoo(tmp_path / "many", networks=6, at_once=4))
    few, many = (ZooFolder.open(tmp_path / name) for name in ("few", "many"))
    np.testing.assert_allclose(few.weights, many.weights[:9], rtol=1e-3, atol=1e-4)


def test_a_network_with_infinite_weights_is_left_out_and_counted(tmp_path, monkeypatch):
    from scalegmn.zoo.builders import zoo

    row = zoo.initial_row
    calls = iter(range(6))

    def sometimes_infinite(*args, **kwargs):
        return row(*args, **kwargs) * (float("inf") if next(calls) == 1 else 1)

    monkeypatch.setattr(zoo, "initial_row", sometimes_infinite)
    record = build(tiny_zoo(tmp_path / "zoo"))
    assert (record.networks, record.diverged) == (5, 1)
    metrics = ZooFolder.open(tmp_path / "zoo").metrics
    assert "run_000001" not in set(metrics["modeldir"]) and len(metrics) == 15


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": 0}, "zoo.networks must be a whole number, at least 1, got 0"),
        ({"at_once": 0}, "zoo.at_once must be a whole number, at least 1, got 0"),
        ({"epochs": 0}, "zoo.epochs must be a whole number, at least 1, got 0"),
        ({"batch_size": -1}, "zoo.batch_size must be a whole number, at least 1, got -1"),
        ({"seed": -1}, "zoo.seed must be a whole number, at least 0, got -1"),
        ({"checkpoints": [-1]}, "zoo.checkpoints must be a whole number, at least 0, got -1"),
        ({"checkpoints": [0, 4]}, "zoo.checkpoints: 4 is not an epoch from 0 to 3"),
    ],
)
def test_mistakes(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        build(tiny_zoo(tmp_path / "zoo", **changes))
    assert not (tmp_path / "zoo").exists()


def test_a_file_where_the_folder_should_be_is_named(tmp_path):
    (tmp_path / "zoo").write_text("mine")
    with pytest.raises(ValueError, match="zoo.folder=.*zoo: is a file; give the path of a folder"):
        build(tiny_zoo(tmp_path / "zoo"))


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    build(tiny_zoo("~/zoo", networks=1))
    assert (tmp_path / "zoo" / "weights.npy").exists()


def test_a_full_disk_names_the_folder_and_costs_no_network(tmp_path, monkeypatch):
    savez, calls = np.savez, iter(range(9))

    def until_full(path, **arrays):
        if next(calls) == 2:
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        savez(path, **arrays)

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", until_full)
        with pytest.raises(OSError, match="No space left on device: '.*zoo'") as error:
            build(tiny_zoo(tmp_path / "zoo"))
        assert error.value.errno == errno.ENOSPC
    told = []
    build(tiny_zoo(tmp_path / "zoo"), lambda done, total: told.append(done))
    build(tiny_zoo(tmp_path / "unfilled"))
    assert told[0] == 2 and content(tmp_path / "zoo") == content(tmp_path / "unfilled")


def test_a_damaged_part_is_named_with_what_to_do(tmp_path):
    class Stop(Exception):
        pass

    def stop(done, total):
        if done == 2:
            raise Stop

    with pytest.raises(Stop):
        build(tiny_zoo(tmp_path / "zoo"), stop)
    part = sorted((tmp_path / "zoo" / "parts").iterdir())[0]
    part.write_bytes(part.read_bytes()[:-30])
    with pytest.raises(ValueError, match=f"{part.name}: damaged; delete it, and repeat"):
        build(tiny_zoo(tmp_path / "zoo"))
    part.unlink()
    build(tiny_zoo(tmp_path / "zoo"))
