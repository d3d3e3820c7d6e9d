import multiprocessing
import os

import pytest

from scalegmn.zoo.builders.workers import _end_with_parent


@pytest.mark.parametrize(("parent", "code"), [(os.getpid(), 0), (-1, 1)], ids=["alive", "dead"])
def test_a_process_ends_where_its_parent_died_before_it_began(parent, code):
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_end_with_parent, args=(parent, 0))
    process.start()
    process.join(20)
    assert process.exitcode == code
