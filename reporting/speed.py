"""Show sizes and times of a network before and after pruning, and say what they mean."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from reporting.grid import Grid, to_markdown
from scalegmn.latency import Quartiles

DENSE, PRUNED, COMPACT, CHANNELS = "dense", "pruned", "compact", "fewer channels"
# Ratios of times this close to 1 are taken for equal.
EQUAL = 0.05
EXPLAINED = {
    DENSE: "the same architecture without zeros",
    PRUNED: "as its file has it, zeros included",
    COMPACT: "without its dead channels",
    CHANNELS: "for comparison: as many multiply-accumulates removed, in per cent, as the pruned "
    "network has zeros, but as whole channels; its time says what channels bring, its accuracy "
    "nothing, since nobody trained it",
}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """The time of one network in one setting.

    Args:
        network: its name.
        device: ``cpu`` or ``cuda``.
        engine: what runs it.
        threads: of the CPU; ``None`` on other devices.
        batch_size: images per call.
        milliseconds: of one call.
        times_as_fast: the dense network's time over its own, round by round.
    """

    network: str
    device: str
    engine: str
    threads: int | None
    batch_size: int
    milliseconds: Quartiles
    times_as_fast: Quartiles

    @property
    def where(self) -> str:
        """The setting in words."""
        number = self.threads
        threads = "" if number is None else f", {number} thread{'s' * (number != 1)}"
        return f"{self.engine} on {self.device}{threads}, batch {self.batch_size}"


@dataclass(frozen=True, kw_only=True)
class SpeedReport:
    """What was measured.

    Args:
        title: names the network.
        sizes: of each network: parameters, non-zeros, multiply-accumulates, bytes.
        timings: of each network and setting.
        rounds: how often each network had its turn.
        load: of the machine when the measurement ended: processes that wanted to run.
        cores: of the machine.
        machine: by device.
        versions: of packages.
        no_fewer_channels: why there is no network with fewer channels.
        missing: packages that are not installed.
    """

    title: str
    sizes: Mapping[str, Mapping[str, int]]
    timings: tuple[Timing, ...]
    rounds: int
    load: float
    cores: int
    machine: Mapping[str, str]
    versions: Mapping[str, str]
    no_fewer_channels: str | None = None
    missing: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """For JSON, with the sentences that the numbers allow."""
        return {**asdict(self), "conclusions": list(conclusions(self))}


def speed_markdown(report: SpeedReport) -> str:
    """A page with tables of sizes and times, and sentences on them."""
    networks = [f"* **{name}**: {EXPLAINED[name]}" for name in report.sizes]
    machine = "; ".join(f"{device}: {name}" for device, name in report.machine.items())
    how = (
        f"{report.rounds} rounds in which the networks take turns, after a warm-up; load of the "
        f"machine at the end: {report.load:g}. {machine}. "
        f"{', '.join(f'{k} {v}' for k, v in report.versions.items())}."
    )
    parts = [
        f"# {report.title}",
        "\n".join(networks),
        "## Size",
        to_markdown(Grid.of([_size_line(*item) for item in report.sizes.items()])),
        "## Time",
        to_markdown(Grid.of([_time_line(timing) for timing in report.timings])),
        "Milliseconds of one call, and how many times as fast as the dense network: median (lower "
        f"to upper quartile) over {how}",
        "## What this means",
        "\n".join(f"* {sentence}" for sentence in conclusions(report)),
    ]
    return "\n\n".join(parts) + "\n"


def conclusions(report: SpeedReport) -> Iterator[str]:
    """Sentences that the measured times allow, and no others."""
    if PRUNED in report.sizes:
        yield _unstructured(report)
    for name, what in (
        (COMPACT, "Without its dead channels, the network"),
        (CHANNELS, "A network with as large a share removed as whole channels"),
    ):
        found = [t for t in report.timings if t.network == name]
        if found:
            macs = report.sizes[name]["macs"] / report.sizes[DENSE]["macs"]
            yield (
                f"{what} does {100 * macs:.3g} % of the dense one's multiply-accumulates, and runs "
                f"{_list(found)} times as fast."
            )
    if report.no_fewer_channels:
        yield f"What channels would bring was not measured: {report.no_fewer_channels}."
    if report.load > report.cores:
        yield (
            f"The machine was busy with other work (load {report.load:g} on {report.cores} cores): "
            "measure again on a quiet one before you rely on these times."
        )
    if report.missing:
        yield (
            f"ONNX Runtime was not measured, as {', '.join(report.missing)} is not installed: "
            'pip install -e ".[export]".'
        )


def _unstructured(report: SpeedReport) -> str:
    size = report.sizes[PRUNED]
    share = 1 - size["nonzero"] / size["parameters"]
    found = [t for t in report.timings if t.network == PRUNED]
    faster = [t for t in found if t.times_as_fast.lower > 1 + EQUAL]
    verdict = (
        f"It was faster in {len(faster)} of {len(found)} settings, though dense kernels multiply "
        "by zeros as by other numbers: look for another cause, such as numbers that are nearly zero"
        if faster
        else "Zeros bring no speed: dense kernels multiply by them as by other numbers. They "
        "make the file smaller once it is compressed (format=sparse)"
    )
    return (
        f"{100 * share:.3g} % of the parameters are zeros in dense tensors. The pruned network "
        f"runs {_list(found)} times as fast as the dense one. {verdict}."
    )


def _list(timings: list[Timing]) -> str:
    return ", ".join(f"{t.times_as_fast.median:.2f} ({t.where})" for t in timings)


def _size_line(name: str, size: Mapping[str, int]) -> dict[str, str]:
    return {"network": name} | {key.replace("_", " "): f"{n:,}" for key, n in size.items()}


def _time_line(timing: Timing) -> dict[str, str]:
    t, r = timing.milliseconds, timing.times_as_fast
    return {
        "setting": timing.where,
        "network": timing.network,
        "ms": f"{t.median:.3g} ({t.lower:.3g} to {t.upper:.3g})",
        "times as fast": f"{r.median:.2f} ({r.lower:.2f} to {r.upper:.2f})",
    }
