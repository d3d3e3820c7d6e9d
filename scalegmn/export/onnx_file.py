"""ONNX files, run by ONNX Runtime."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from scalegmn.export.extra import require
from scalegmn.export.format import INPUT, OUTPUT, Function
from scalegmn.export.quiet import quiet

PACKAGES = ("onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True)
class ONNX:
    """One file with graph and weights, for batches of any size.

    Its input ``images`` is float32 ``[batch, c, h, w]``, its output ``logits`` float32
    ``[batch, classes]``. The exporter may join batch normalisation with the convolution before it.

    Args:
        opset: version of the operators.

    Raises:
        ValueError: if onnx, onnxscript or onnxruntime is not installed.
    """

    opset: int = 18

    name = "onnx"
    suffix = ".onnx"

    def __post_init__(self) -> None:
        require(PACKAGES, "format=onnx")

    def write(
        self, path: Path, net: nn.Module, example: Tensor, metadata: Mapping[str, str]
    ) -> None:
        try:
            with quiet():
                program = torch.onnx.export(
                    net,
                    (example,),
                    dynamo=True,
                    verbose=False,
                    opset_version=self.opset,
                    input_names=[INPUT],
                    output_names=[OUTPUT],
                    dynamic_shapes=({0: torch.export.Dim("batch")},),
                )
        except Exception as error:
            raise ValueError(
                f"{type(net).__name__} cannot be exported to ONNX: {reason(error)}"
            ) from error
        assert program is not None
        written = program.model.opset_imports[""]
        if written != self.opset:
            raise ValueError(
                f"format.opset={self.opset}: PyTorch's exporter writes opset {written} instead; "
                f"give format.opset={written}, or another that it knows"
            )
        for node in program.model.graph.all_nodes():
            node.metadata_props.clear()  # which lines of which local file made it
        program.model.metadata_props.update(metadata)
        program.save(path, external_data=False)

    def read(self, path: Path, net: nn.Module) -> Function:
        return onnx_function(path)


def onnx_function(path: Path, *, threads: int = 0, providers: tuple[str, ...] = ()) -> Function:
    """What an ONNX file computes, in ONNX Runtime.

    Args:
        path: the file.
        threads: for one operator; 0: as many as there are cores.
        providers: of ONNX Runtime, such as ``CUDAExecutionProvider``; the CPU's if none is given.
    """
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # errors
    # Threads that wait actively would take time from other sessions that are measured beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = InferenceSession(path, options, providers=list(providers) or ["CPUExecutionProvider"])

    def run(images: Tensor) -> Tensor:
        try:
            (logits,) = session.run([OUTPUT], {INPUT: images.numpy()})
        except Exception as error:  # Of ONNX Runtime, which has no class of its own for them.
            raise ValueError(
                f"ONNX Runtime cannot run {path} for {len(images)} images: {reason(error)}; a "
                "forward that fixes the batch size, as reshape(len(x), -1) does, needs flatten(1)"
            ) from error
        return torch.from_numpy(logits)

    return run


def reason(error: BaseException) -> str:
    """The first line of the innermost error: what exporters add are pages for their developers."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
