import logging
import time
from threading import Thread

import pytest

from datamodules.locking import locked


def test_one_at_a_time_makes_a_path_and_no_lock_is_left(tmp_path, caplog):
    inside, most, made = [], [], []

    def make():
        with locked(tmp_path / "new" / "data"):
            inside.append(1)
            most.append(len(inside))
            if not made:
                time.sleep(0.1)
                made.append(1)
            inside.pop()

    threads = [Thread(target=make) for _ in range(4)]
    with caplog.at_level(logging.WARNING):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert most == [1] * 4 and made == [1]
    assert "another process is making it; waiting" in caplog.text
    assert list((tmp_path / "new").iterdir()) == []


def test_a_failure_releases_the_lock(tmp_path):
    with pytest.raises(ValueError, match="broken"), locked(tmp_path / "data"):
        raise ValueError("broken")
    with locked(tmp_path / "data"):
        pass
    assert list(tmp_path.iterdir()) == []
