"""The networks that are compared: dense, pruned, compact, and one with fewer channels."""

from copy import deepcopy

import torch
from torch import Tensor, nn

from pipelines.evaluate_file import macs
from pipelines.exported_network import ExportedNetwork
from reporting.speed import CHANNELS, COMPACT, DENSE, PRUNED
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning import SparsityCount
from scalegmn.pruning.channels import ChannelSelection, count_macs, filters
from scalegmn.pruning.compaction import compact
from scalegmn.pruning.weights import is_weight


def sides(exported: ExportedNetwork) -> tuple[dict[str, nn.Module], str | None]:
    """The networks to compare, and why there is none with fewer channels if there could be one.

    Dense: the same architecture, with numbers where the file has zeros. Pruned: as the file has
    it. Compact: without dead channels, where there are any. Unless the network was pruned by whole
    channels, another one for comparison, which nobody trained: without as large a share of its
    multiply-accumulates as the pruned one has zeros among its weights, in whole channels.
    """
    found = {DENSE: filled(exported.before)}
    sparsity = SparsityCount.of_network(exported.before).weight_sparsity
    if sparsity == 0:
        return found, None
    found[PRUNED] = exported.before
    if exported.shrunk.channels:
        found[COMPACT] = exported.net
    if 1 - _macs(exported.net, exported) / _macs(exported.before, exported) > sparsity / 2:
        return found, None
    try:
        found[CHANNELS] = fewer_channels(found[DENSE], exported.example, sparsity)
    except ValueError as error:
        return found, str(error)
    return found, None


def _macs(net: nn.Module, exported: ExportedNetwork) -> int:
    return macs(net, exported.example[:1])


@torch.no_grad()
def filled(net: nn.Module) -> nn.Module:
    """A copy with random numbers in place of the zeros among its weights."""
    dense = deepcopy(net)
    generator = torch.Generator().manual_seed(0)
    for weight in (p for p in dense.parameters() if is_weight(p)):
        zero = weight == 0
        size = weight.square().mean().sqrt().item() or 1.0
        weight[zero] = size * torch.randn(int(zero.sum()), generator=generator)
    return dense


@torch.no_grad()
def fewer_channels(net: nn.Module, example: Tensor, share: float) -> nn.Module:
    """A copy without a share of its multiply-accumulates, by the channels of least L1-norm.

    Raises:
        ValueError: if its graph cannot be read, or the share is more than can go.
    """
    folded = fold_batch_norm(net, example)
    weights = {name: p.clone() for name, p in folded.named_parameters() if is_weight(p)}
    magnitudes = {name: weight.abs() for name, weight in weights.items()}
    (mask,) = ChannelSelection(filters, count_macs).masks(folded, magnitudes, example, [share])
    return compact(folded, example, mask.apply(weights))
