"""The Small CNN Zoo at its size, its weights a file of zeros that takes no space."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.zoos import metrics_of, write_layout, write_split

ROOT = Path(__file__).parents[2]
ROWS = 270_000
# Samples its own memory while the zoo is read; pages of the mapped file do not count.
READ = """
import json, re, sys, threading
from datamodules.small_cnn_zoo import SmallCNNZoo

def now():
    return int(re.search(r"RssAnon:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) / 2**20

start, done = now(), threading.Event()
peak = [start]

def sample():
    while not done.wait(0.01):
        peak[0] = max(peak[0], now())

thread = threading.Thread(target=sample)
thread.start()
data = SmallCNNZoo(data_dir=sys.argv[1])
splits = {name: len(networks) for name, networks in data.splits().items()}
done.set()
thread.join()
print(json.dumps({"splits": splits, "gib": peak[0] - start}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures as Linux does")
def test_30000_of_270000_networks_are_read_in_less_than_a_gigabyte(tmp_path):
    folder = tmp_path / "cifar10"
    folder.mkdir()
    metrics_of(ROWS // 9).to_csv(
        folder / "metrics.csv.gz", index=False, compression={"method": "gzip", "compresslevel": 1}
    )
    write_layout(folder)
    write_split(folder / "cifar10_split.csv", ROWS)
    shape = (ROWS, 4970)
    np.lib.format.open_memmap(folder / "weights.npy", mode="w+", dtype=np.float32, shape=shape)
    command = [sys.executable, "-W", "ignore", "-c", READ, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["splits"] == {"train": 12_000, "val": 3_000, "test": 15_000}
    assert 0.5 < found["gib"] < 1  # above start; the weights alone are 0.56
