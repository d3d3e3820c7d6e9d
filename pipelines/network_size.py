"""Measure how large a network is."""

import zlib

import torch
from safetensors.torch import save
from torch import Tensor, nn

from pipelines.evaluate_file import macs
from scalegmn.pruning import SparsityCount


def network_size(net: nn.Module, example: Tensor) -> dict[str, int]:
    """Parameters, non-zeros, multiply-accumulates for one image, and bytes of its files.

    Args:
        net: on the CPU.
        example: a batch of images.
    """
    count = SparsityCount.of_network(net)
    content = save({name: t.contiguous().clone() for name, t in net.state_dict().items()})
    return {
        "parameters": count.parameters,
        "nonzero": count.nonzero,
        "macs": macs(net, torch.zeros_like(example[:1])),
        "safetensors_bytes": len(content),
        # What gzip computes, too.
        "deflated_bytes": len(zlib.compress(content, 9)),
    }
