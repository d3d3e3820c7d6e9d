"""The network that is exported: loaded from its file, and without its dead channels."""

import json
from dataclasses import dataclass
from typing import Any

import torch
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from pipelines.metadata import settings
from pipelines.pretrained import SIZES, pretrained
from scalegmn.export.format import INPUT, OUTPUT
from scalegmn.formats import read_metadata
from scalegmn.graph.fold import has_batch_norm
from scalegmn.pruning.compaction import Shrunk, shrink


@dataclass(frozen=True)
class ExportedNetwork:
    """A network before and after its dead channels were removed.

    Attributes:
        before: as the file has it, in evaluation mode.
        shrunk: what is exported.
        example: two images.
        metadata: what the exported file says about itself.
        architecture: how to build the network again, as plain values.
    """

    before: nn.Module
    shrunk: Shrunk
    example: Tensor
    metadata: dict[str, str]
    architecture: dict[str, Any]

    @property
    def net(self) -> nn.Module:
        """What is exported."""
        return self.shrunk.net


def exported_network(cfg: DictConfig) -> ExportedNetwork:
    """Load the network of ``cfg.file``, and make it smaller where whole channels are dead.

    Raises:
        ValueError: if the file is not a network of the target, the shape of its images is not
            known, or channels cannot be removed.
        FileNotFoundError: if it is not there.
    """
    shape = _input_shape(cfg)
    example = torch.zeros(2, *shape)
    target = instantiate(cfg.target.net, _convert_="all")
    net = pretrained(target, weights=cfg.file, example_input=example).eval().requires_grad_(False)
    try:
        logits = net(example)
        shrunk = shrink(net, example) if cfg.compact else Shrunk(net, {}, {})
    except (ValueError, RuntimeError) as error:
        advice = "" if isinstance(error, RuntimeError) else "; or give compact=false"
        raise ValueError(f"{cfg.file}: {' '.join(str(error).split())}{advice}") from error
    about = read_metadata(cfg.file)
    sizes = {**json.loads(about.get(SIZES, "{}")), **shrunk.sizes}
    described = {"target": cfg.target.name, "network": settings(cfg.target.net)}
    metadata = {**about, **described, **({SIZES: json.dumps(sizes)} if sizes else {})}
    architecture = {
        "target": cfg.target.name,
        "network": OmegaConf.to_container(cfg.target.net, resolve=True),
        "batch_norm": "layers" if has_batch_norm(shrunk.net) else "none, or folded into weights",
        "sizes": sizes,
        "input": {"name": INPUT, "dtype": "float32", "shape": ["batch", *shape]},
        "output": {"name": OUTPUT, "dtype": "float32", "shape": ["batch", *logits.shape[1:]]},
    }
    return ExportedNetwork(net, shrunk, example, metadata, architecture)


def _input_shape(cfg: DictConfig) -> list[int]:
    if cfg.input_shape is not None:
        shape = list(cfg.input_shape)
        if len(shape) != 3:
            raise ValueError(f"input_shape={shape}: expected [channels, height, width]")
        return shape
    data = cfg.data
    if data.get("in_channels") is None or data.get("image_size") is None:
        raise ValueError("data= does not say how large its images are: give input_shape=[c,h,w]")
    return [data.in_channels, data.image_size, data.image_size]
