"""Time networks in PyTorch and in ONNX Runtime, in turn."""

from collections.abc import Callable, Mapping
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
PYTORCH, RUNTIME = "PyTorch", "ONNX Runtime"


@torch.no_grad()
def timings(nets: Mapping[str, nn.Module], example: Tensor, latency: Latency) -> list[Timing]:
    """The time of one batch in each network, on every device that there is.

    Args:
        nets: by name, in evaluation mode, on the CPU; the dense one is what others are compared
            with.
        example: two images.
        latency: how time is measured.
    """
    with TemporaryDirectory() as folder:
        engines = {("cpu", PYTORCH): {name: _eager(net) for name, net in nets.items()}}
        if torch.cuda.is_available():
            engines["cuda", PYTORCH] = {name: _on_cuda(net) for name, net in nets.items()}
        if not missing(PACKAGES):
            engines["cpu", RUNTIME] = {
                name: _in_runtime(net, example, Path(folder) / f"{k}.onnx")
                for k, (name, net) in enumerate(nets.items())
            }
        found = []
        for batch_size in latency.batch_sizes:
            images = torch.randn(batch_size, *example.shape[1:])
            for (device, engine), makers in engines.items():
                calls = {name: maker(images) for name, maker in makers.items()}
                found += _timed(calls, latency, device, engine, batch_size)
    return found


def _timed(
    calls: Mapping[str, Call], latency: Latency, device: str, engine: str, batch_size: int
) -> list[Timing]:
    seconds = latency.seconds(calls)
    return [
        Timing(
            network=name,
            device=device,
            engine=engine,
            batch_size=batch_size,
            milliseconds=Quartiles.of(1e3 * own),
            # Of the same round: what slows the machine for a while slows both.
            times_as_fast=Quartiles.of(seconds[DENSE] / own),
        )
        for name, own in seconds.items()
    ]


def _eager(net: nn.Module) -> Callable[[Tensor], Call]:
    return lambda images: lambda: net(images)


def _on_cuda(net: nn.Module) -> Callable[[Tensor], Call]:
    there = deepcopy(net).cuda()

    def maker(images: Tensor) -> Call:
        x = images.cuda()

        def call() -> None:
            there(x)
            torch.cuda.synchronize()

        return call

    return maker


def _in_runtime(net: nn.Module, example: Tensor, path: Path) -> Callable[[Tensor], Call]:
    ONNX().write(path, net, example, {})
    function = onnx_function(path, threads=torch.get_num_threads())
    return lambda images: lambda: function(images)
