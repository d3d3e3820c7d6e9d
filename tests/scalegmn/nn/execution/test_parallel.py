import threading

import pytest
import torch

from scalegmn.nn.execution.parallel import in_parallel


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_results_come_in_order():
    assert list(in_parallel(lambda x: 2 * x, range(50), 3)) == list(range(0, 100, 2))


def test_items_are_worked_on_at_the_same_time():
    both = threading.Barrier(2, timeout=10)
    assert list(in_parallel(lambda x: both.wait() >= 0, range(2), 2)) == [True, True]


def test_each_thread_works_alone_and_the_number_is_put_back():
    assert set(in_parallel(lambda _: torch.get_num_threads(), range(8), 2)) == {1}
    assert torch.get_num_threads() == 2


def test_one_thread_is_the_present_one():
    here = threading.get_ident()
    assert set(in_parallel(lambda _: threading.get_ident(), range(3), 1)) == {here}


def test_a_failure_is_raised_and_the_number_is_put_back():
    with pytest.raises(ZeroDivisionError):
        list(in_parallel(lambda x: 1 / x, [1, 0], 2))
    assert torch.get_num_threads() == 2
