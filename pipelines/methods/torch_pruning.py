"""Whole channels as Torch-Pruning chooses them, a rival under the same protocol."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.methods.candidate import Candidate
from pipelines.methods.one_shot import example_image
from pipelines.run import Run
from scalegmn.arguments import check_whole
from scalegmn.export.extra import require
from scalegmn.graph import NetworkGraph, Role
from scalegmn.pruning import Mask
from scalegmn.pruning.channels import ChannelSelection, count_macs
from scalegmn.pruning.channels.budget import positions
from scalegmn.pruning.score import prunable


class TorchPruning:
    """Prune channels with Torch-Pruning's group-norm pruner, all at once, without its training.

    It removes channels in small steps, ranked over all layers by the L2-norm of what goes with
    them, until few enough multiply-accumulates are left. What it keeps becomes a mask of the dense
    network, so that everything after it is the same as for other methods.

    Reference: Fang et al., *DepGraph: Towards Any Structural Pruning*, CVPR 2023, arXiv:2301.12900.

    Args:
        name: of the method.
        channels: says that multiply-accumulates are counted, and what number of channels layers
            keep a multiple of. Norms and order are Torch-Pruning's own.
        steps: until no channel would be left.

    Raises:
        ValueError: if ``channels`` asks for something else, ``steps`` is below 1, or Torch-Pruning
            is not installed.
    """

    def __init__(self, *, name: str, channels: ChannelSelection | None, steps: int = 200) -> None:
        check_whole("pruner.steps", steps)
        require(["torch_pruning"], "pruner=torch_pruning", extra="rivals")
        if channels is None or getattr(channels.budget, "func", channels.budget) is not count_macs:
            raise ValueError("pruner=torch_pruning prunes channels: sparsity_kind=macs")
        if channels.min_channels != 1:
            raise ValueError("sparsity_kind.min_channels: pruner=torch_pruning has no such option")
        self.name = name
        self.multiple_of = channels.multiple_of
        self.steps = steps

    def candidates(
        self, run: Run, dense: nn.Module, sparsities: Sequence[float]
    ) -> Iterator[Candidate]:
        run.seed()
        x = example_image(run.data.train_dataloader())
        for sparsity, mask in zip(sparsities, self.masks(dense, x, sparsities), strict=True):
            yield Candidate(sparsity, dense, mask)

    def masks(
        self, net: nn.Module, example_input: Tensor, sparsities: Sequence[float]
    ) -> Iterator[Mask]:
        """A mask of the prunable weights for each sparsity; sparser ones prune what others do.

        Args:
            net: the network; it is not changed.
            example_input: a batch of one image on the CPU.
            sparsities: at least these fractions of the multiply-accumulates are pruned, ascending.

        Raises:
            ValueError: if it cannot prune so much.
        """
        net = deepcopy(net).cpu().eval()
        pruned = deepcopy(net)
        times = positions(net, example_input)
        whole = _macs(net, times)
        pruner = self._pruner(pruned, example_input)
        for sparsity in sparsities:
            for _ in range(pruner.current_step, self.steps):
                if _macs(pruned, times) <= whole * (1 - sparsity):
                    break
                pruner.step()
            if _macs(pruned, times) > whole * (1 - sparsity):
                most = 1 - _macs(pruned, times) / whole
                raise ValueError(f"sparsity {sparsity}: Torch-Pruning prunes at most {most:.3g}")
            yield _mask(net, example_input, pruner.pruning_history())

    def _pruner(self, net: nn.Module, x: Tensor) -> Any:
        import torch_pruning  # An extra.

        groups = NetworkGraph.from_module(net, x).groups
        outputs = [net.get_submodule(g.name) for g in groups if g.role is Role.OUTPUT]
        return torch_pruning.pruner.GroupNormPruner(
            net,
            x,
            importance=torch_pruning.importance.GroupMagnitudeImportance(p=2),
            global_pruning=True,
            pruning_ratio=1.0,
            iterative_steps=self.steps,
            round_to=self.multiple_of,
            ignored_layers=outputs,
        )


def _macs(net: nn.Module, times: dict[str, int]) -> int:
    return sum(p.numel() * times.get(name, 0) for name, p in net.named_parameters())


def _mask(net: nn.Module, x: Tensor, history: Any) -> Mask:
    """What is left of each prunable weight after the same channels were removed again."""
    import torch_pruning

    # Entries that are their own indices tell which of them are left.
    left = deepcopy(net).double()
    for parameter in left.parameters():
        parameter.data = torch.arange(parameter.numel(), dtype=torch.float64).view_as(parameter)
    graph = torch_pruning.DependencyGraph().build_dependency(left, example_inputs=x.double())
    graph.load_pruning_history(list(history))
    indices = {name: p.detach().flatten().long() for name, p in left.named_parameters()}
    keep = {name: torch.zeros_like(p, dtype=torch.bool) for name, p in prunable(net).items()}
    for name, kept in keep.items():
        kept.view(-1)[indices[name]] = True
    return Mask(keep)
