"""The report of speed says what its numbers allow, and no more."""

import json

import pytest

from reporting.speed import SpeedReport, Timing, conclusions, speed_markdown
from scalegmn.latency import Quartiles


def timing(network, ratio, *, spread=0.02, engine="PyTorch", device="cpu", threads=1):
    return Timing(
        network=network,
        device=device,
        engine=engine,
        threads=threads,
        batch_size=1,
        milliseconds=Quartiles(1.0, 2.0, 3.0),
        times_as_fast=Quartiles(ratio - spread, ratio, ratio + spread),
    )


def size(nonzero, macs=1000):
    return {"parameters": 100, "nonzero": nonzero, "macs": macs}


def report(sizes, timings, **options):
    given = dict(title="net.onnx", rounds=30, load=0.5, cores=2, machine={"cpu": "x"}, versions={})
    return SpeedReport(sizes=sizes, timings=tuple(timings), **(given | options))


UNSTRUCTURED = {"dense": size(100), "pruned": size(10)}


def test_zeros_that_bring_no_speed_are_said_to_bring_none():
    (sentence,) = conclusions(report(UNSTRUCTURED, [timing("pruned", 1.01)]))
    assert "90 % of the parameters are zeros" in sentence
    assert "runs 1.01 (PyTorch on cpu, 1 thread, batch 1) times as fast" in sentence
    assert "Zeros bring no speed" in sentence


@pytest.mark.parametrize(("ratio", "spread", "fast"), [(1.5, 0.1, True), (1.5, 0.6, False)])
def test_zeros_that_measured_faster_are_not_denied(ratio, spread, fast):
    found = [timing("pruned", 1.0), timing("pruned", ratio, spread=spread)]
    (sentence,) = conclusions(report(UNSTRUCTURED, found))
    assert ("It was faster in 1 of 2 settings" in sentence) == fast
    assert ("Zeros bring no speed" in sentence) != fast


def test_channels_are_compared_with_the_dense_network():
    sizes = {"dense": size(100), "pruned": size(50), "compact": size(40, macs=250)}
    *_, sentence = conclusions(
        report(sizes, [timing("pruned", 1.0), timing("compact", 3.0, device="cuda", threads=None)])
    )
    assert sentence == (
        "Without its dead channels, the network does 25 % of the dense one's "
        "multiply-accumulates, and runs 3.00 (PyTorch on cuda, batch 1) times as fast."
    )
    sizes = {**UNSTRUCTURED, "fewer channels": size(20, macs=100)}
    *_, sentence = conclusions(report(sizes, [timing("fewer channels", 5.0)]))
    assert sentence.startswith("A network with as large a share removed as whole channels does 10")


def test_what_was_not_measured_and_a_busy_machine_are_named():
    options = {"load": 7.5, "missing": ("onnx",), "no_fewer_channels": "no graph"}
    sentences = " ".join(conclusions(report({"dense": size(100)}, [], **options)))
    for part in ("no graph", "load 7.5 on 2 cores", 'onnx is not installed: pip install -e ".[ex'):
        assert part in sentences
    assert list(conclusions(report({"dense": size(100)}, []))) == []


def test_a_page_has_sizes_times_and_how_they_were_measured():
    page = speed_markdown(
        report(UNSTRUCTURED, [timing("dense", 1.0), timing("pruned", 1.0, threads=2)])
    )
    assert "| pruned | 100 | 10 | 1,000 |" in page
    assert (
        "| PyTorch on cpu, 2 threads, batch 1 | pruned | 2 (1 to 3) | 1.00 (0.98 to 1.02) |" in page
    )
    assert "30 rounds" in page


def test_it_is_plain_enough_for_json():
    plain = report(UNSTRUCTURED, [timing("pruned", 1.0)]).plain()
    assert json.loads(json.dumps(plain))["conclusions"]
