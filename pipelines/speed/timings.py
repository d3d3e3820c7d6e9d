"""Time networks in PyTorch and in ONNX Runtime, in turn."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor, nn

from reporting.speed import DENSE, Timing
from scalegmn.export import ONNX
from scalegmn.export.extra import missing
from scalegmn.export.onnx_file import PACKAGES, onnx_function
from scalegmn.latency import Latency, Quartiles

Call = Callable[[], Any]
Maker = Callable[[Tensor], Call]
# Device, engine, and threads of the CPU.
Setting = tuple[str, str, int | None]
PYTORCH, RUNTIME = "PyTorch", "ONNX Runtime"


@torch.no_grad()
def timings(
    nets: Mapping[str, nn.Module], example: Tensor, latency: Latency, threads: Sequence[int]
) -> list[Timing]:
    """The time of one batch in each network, on every device that there is.

    Args:
        nets: by name, in evaluation mode, on the CPU; the dense one is what others are compared
            with.
        example: two images.
        latency: how time is measured.
        threads: numbers of threads of the CPU, each measured.
    """
    settings: dict[Setting, dict[str, Maker]] = {}
    with TemporaryDirectory() as folder:
        files = {name: Path(folder) / f"{k}.onnx" for k, name in enumerate(nets)}
        runtime = not missing(PACKAGES)
        for name, net in nets.items() if runtime else ():
            ONNX().write(files[name], net, example, {})
        for number in threads:
            settings["cpu", PYTORCH, number] = {n: _eager(net) for n, net in nets.items()}
            if runtime:
                made = {name: _in_runtime(file, number) for name, file in files.items()}
                settings["cpu", RUNTIME, number] = made
        if torch.cuda.is_available():
            settings["cuda", PYTORCH, None] = {name: _on_cuda(net) for name, net in nets.items()}
        found = []
        for batch_size in latency.batch_sizes:
            images = torch.randn(batch_size, *example.shape[1:])
            for setting, makers in settings.items():
                calls = {name: maker(images) for name, maker in makers.items()}
                found += _timed(calls, latency, setting, batch_size)
    return found


def _timed(
    calls: Mapping[str, Call], latency: Latency, setting: Setting, batch_size: int
) -> list[Timing]:
    device, engine, threads = setting
    before = torch.get_num_threads()
    torch.set_num_threads(before if threads is None else threads)
    try:
        seconds = latency.seconds(calls)
    finally:
        torch.set_num_threads(before)
    return [
        Timing(
            network=name,
            device=device,
            engine=engine,
            threads=threads,
            batch_size=batch_size,
            milliseconds=Quartiles.of(1e3 * own),
            # Of the same round: what slows the machine for a while slows both.
            times_as_fast=Quartiles.of(seconds[DENSE] / own),
        )
        for name, own in seconds.items()
    ]


def _eager(net: nn.Module) -> Maker:
    return lambda images: lambda: net(images)


def _on_cuda(net: nn.Module) -> Maker:
    there = deepcopy(net).cuda()

    def maker(images: Tensor) -> Call:
        x = images.cuda()

        def call() -> None:
            there(x)
            torch.cuda.synchronize()

        return call

    return maker


def _in_runtime(file: Path, threads: int) -> Maker:
    function = onnx_function(file, threads=threads)
    return lambda images: lambda: function(images)
