"""Programs of ``torch.export``, which run without the network's code."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from scalegmn.export.format import Function
from scalegmn.export.onnx_file import reason
from scalegmn.export.quiet import quiet

METADATA = "metadata.json"


@dataclass(frozen=True)
class TorchProgram:
    """A program with graph and weights, for batches of any size.

    ``torch.export.load(path).module()(images)`` runs it where nothing but PyTorch is installed;
    a state dict would need the network's class. Weights lie in the file as plain numbers.
    """

    name = "torch"
    suffix = ".pt2"

    def write(
        self, path: Path, net: nn.Module, example: Tensor, metadata: Mapping[str, str]
    ) -> None:
        shapes = ({0: torch.export.Dim("batch")},)
        try:
            with quiet():
                program = torch.export.export(net, (example,), dynamic_shapes=shapes)
        except Exception as error:
            raise ValueError(
                f"{type(net).__name__} cannot be exported by torch.export: {reason(error)}"
            ) from error
        for module in program.graph_module.modules():
            for node in getattr(getattr(module, "graph", None), "nodes", ()):
                node.meta.pop("stack_trace", None)  # which lines of which local file made it
        torch.export.save(program, path, extra_files={METADATA: json.dumps(dict(metadata))})

    def read(self, path: Path, net: nn.Module) -> Function:
        return torch.export.load(path).module()
