import pytest
from lightning import LightningDataModule

from datamodules.preparation import LOCAL_RANK, NODE_RANK, prepare


class Counting(LightningDataModule):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def prepare_data(self):
        self.calls += 1


@pytest.fixture(autouse=True)
def no_ranks(monkeypatch):
    for name in (*LOCAL_RANK, *NODE_RANK):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("ranks", "calls"),
    [
        ({}, 1),
        ({"LOCAL_RANK": "0", "GROUP_RANK": "1"}, 1),
        ({"LOCAL_RANK": "1"}, 0),
        ({"SLURM_LOCALID": "1", "SLURM_NODEID": "0"}, 0),
        ({"SLURM_LOCALID": "0", "SLURM_NODEID": "1"}, 1),
    ],
)
def test_the_first_process_of_each_node_prepares(monkeypatch, ranks, calls):
    for name, value in ranks.items():
        monkeypatch.setenv(name, value)
    data = Counting()
    prepare(data)
    assert data.calls == calls


@pytest.mark.parametrize(("node", "calls"), [("0", 1), ("1", 0)])
def test_a_shared_data_folder_is_prepared_on_the_first_node(monkeypatch, node, calls):
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("NODE_RANK", node)
    data = Counting()
    data.prepare_data_per_node = False
    prepare(data)
    assert data.calls == calls


def test_what_locks_itself_is_prepared_by_all_so_that_the_others_wait(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "1")
    data = Counting()
    data.may_prepare_in_parallel = True
    prepare(data)
    assert data.calls == 1
