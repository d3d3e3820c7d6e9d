"""Write networks as files for other programs, and check what these files compute."""

from scalegmn.export.checked import write_checked
from scalegmn.export.format import Format, Function
from scalegmn.export.network_files import Safetensors, Sparse
from scalegmn.export.onnx_file import ONNX
from scalegmn.export.program import TorchProgram

__all__ = [
    "ONNX",
    "Format",
    "Function",
    "Safetensors",
    "Sparse",
    "TorchProgram",
    "write_checked",
]
