import multiprocessing
import os

import pytest
import torch

from scalegmn.processes import end_with_parent, in_processes


@pytest.mark.parametrize(("parent", "code"), [(os.getpid(), 0), (-1, 1)], ids=["alive", "dead"])
def test_a_process_ends_where_its_parent_died_before_it_began(parent, code):
    context = multiprocessing.get_context("fork")
    process = context.Process(target=end_with_parent, args=(parent, 0))
    process.start()
    process.join(20)
    assert process.exitcode == code


def own_process(item):
    return item**2, os.getpid()


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_items_are_shared_among_processes(two_threads):
    found = dict(in_processes(own_process, range(8), on_cpu=True, doing="squared"))
    assert {item: square for item, (square, _) in found.items()} == {i: i**2 for i in range(8)}
    assert os.getpid() not in {pid for _, pid in found.values()}


def test_on_one_thread_or_a_gpu_there_are_no_others(two_threads):
    found = dict(in_processes(own_process, [3], on_cpu=False, doing="squared"))
    assert found == {3: (9, os.getpid())}


def killed(item):
    os._exit(1)


@pytest.mark.filterwarnings("ignore")
def test_a_process_that_is_killed_is_reported(two_threads):
    with pytest.raises(ChildProcessError, match="a process that squared was killed"):
        list(in_processes(killed, [1, 2], on_cpu=True, doing="squared"))
