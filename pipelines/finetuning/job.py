"""A candidate to be fine-tuned, and where its files are."""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor, nn

from pipelines.methods import Candidate
from pipelines.run import Run
from scalegmn.formats import load_tensors, save_network
from scalegmn.pruning import Mask

CANDIDATE = "candidate.safetensors"
MASK = "mask."


@dataclass(frozen=True, eq=False)
class Job:
    """A candidate of a method.

    Args:
        candidate: the network and its mask.
        method: that made it.
        folder: for the pruned network; the run's, or one below it.
    """

    candidate: Candidate
    method: str
    folder: Path

    @property
    def percent(self) -> str:
        return f"{100 * self.candidate.sparsity:g}"

    @property
    def work(self) -> Path:
        """The folder of the stage."""
        return self.folder / "finetune" / f"{self.method}_{self.percent}"

    @property
    def row(self) -> Path:
        """The outcome of the stage."""
        return self.work / "row.json"

    @property
    def file(self) -> Path:
        """The fine-tuned network."""
        return self.folder / pruned_name(self.percent)

    def rate(self, lr: float) -> Path:
        """The folder of one learning rate."""
        return self.work / f"lr_{lr:g}"


def pruned_name(percent: str) -> str:
    """The name of the file of a network pruned to so many percent."""
    return f"pruned_{percent}.safetensors"


def fixed(run: Run, job: Job) -> tuple[nn.Module, Mask]:
    """The pruned candidate and its mask, the same in every session and on every process."""
    candidate, file = job.candidate, job.work / CANDIDATE
    if run.processes.is_first and not file.exists():
        run.claim()
        net = deepcopy(candidate.network)
        candidate.mask.apply_(net)
        save_network(file, _tensors(net, candidate.mask), {})
    run.processes.barrier()
    net = deepcopy(candidate.network).requires_grad_(True)
    tensors = load_tensors(file, _tensors(net, candidate.mask))
    keep = {n.removeprefix(MASK): t.bool() for n, t in tensors.items() if n.startswith(MASK)}
    net.load_state_dict({n: t for n, t in tensors.items() if not n.startswith(MASK)})
    return net, Mask(keep)


def _tensors(net: nn.Module, mask: Mask) -> dict[str, Tensor]:
    return {**net.state_dict(), **{MASK + name: keep for name, keep in mask.keep.items()}}
