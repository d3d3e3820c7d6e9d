import time

from pipelines.timed import Timed


def test_only_the_time_of_the_items_counts(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def items():
        for cost in (1, 2):
            now[0] += cost
            yield cost
        now[0] += 4

    timed = Timed(items())
    for _ in timed:
        now[0] += 100
    assert timed.seconds == 7
