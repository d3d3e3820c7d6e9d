"""Prune: the dense network, candidates of a method, and what is common to all methods."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import torch
from omegaconf import DictConfig, OmegaConf

from datamodules.protocols import Kind
from pipelines.dense import Dense, dense_network
from pipelines.finetune import Job, finetune_all
from pipelines.finetuning.engine import Engine, chosen_engine
from pipelines.methods import Method
from pipelines.methods.candidate import Candidate, Checked, Guided
from pipelines.protocol import protocol, protocol_of_compared
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.run_record import is_resumed
from pipelines.target_check import check_target, first_batch
from pipelines.timed import Timed
from pipelines.trial import report
from pipelines.visuals import network_figures
from reporting import METHODS, Results
from scalegmn.graph import fold_batch_norm
from scalegmn.pruning import allocate_uniformly, make_mask
from scalegmn.pruning.score import prunable

PRUNERS = Path(__file__).parents[1] / "conf" / "pruner"


@dataclass(frozen=True, eq=False)
class Started:
    """A pruning run before its fine-tuning.

    Attributes:
        run: the run.
        dense: its dense network.
        own: the candidates of its own method, timed.
        jobs: the candidates of all its methods.
        engine: that fine-tunes them.
    """

    run: Run
    dense: Dense
    own: Timed[Candidate]
    jobs: Iterable[Job]
    engine: Engine


class Prune:
    """Prune the target with a method, and with others that it is compared with.

    Args:
        method: the run's own.
        compare: other methods by name; their files go to folders of these names.
        sparsities: fractions of the prunable parameters, one or several.

    Raises:
        ValueError: if a sparsity is out of range or given twice, a method's name is unknown, or
            the dense network is to be pruned.
    """

    reads: Kind = "images"

    def __init__(
        self,
        method: Method,
        *,
        compare: dict[str, Method],
        sparsities: float | Sequence[float],
    ) -> None:
        for each in (method, *compare.values()):
            check_method(each.name)
        self.method = method
        self.compare = compare
        self.sparsities = _grid(sparsities)
        if any(self.sparsities) and "dense" in {m.name for m in (method, *compare.values())}:
            raise ValueError("pruner=dense prunes nothing: sparsity=0")

    def __call__(self, run: Run) -> Results:
        """Go through all stages that are not finished yet."""
        return self.finish(self.start(run))

    def start(self, run: Run) -> "Started":
        """Go through the stages before fine-tuning; candidates are made when they are asked for."""
        check_kind(run.cfg)
        check_target(run)
        check_floor(run, max(self.sparsities))
        for method in (self.method, *self.compare.values()):
            if isinstance(method, Checked):
                method.check()
        engine = chosen_engine(run)
        folders = {run.folder: self.method}
        folders |= {run.folder / name: method for name, method in self.compare.items()}
        dense = dense_network(run)
        candidates = {
            folder: Timed(method.candidates(run, dense.net, self.sparsities))
            for folder, method in folders.items()
        }
        jobs = (
            Job(candidate, method.name, folder)
            for folder, method in folders.items()
            for candidate in candidates[folder]
        )
        return Started(run, dense, candidates[run.folder], jobs, engine)

    def finish(self, started: "Started") -> Results:
        """Fine-tune, evaluate, and put together what was found."""
        run, dense, engine = started.run, started.dense, started.engine
        rows = []
        for row in finetune_all(run, started.jobs, engine=engine, teacher=dense.net):
            rows.append(row)
            # Of the run's own method; a stack is done with all of them at once.
            if row.method is None and engine == "lightning":
                percent = 100 * row.sparsity
                report(run, round(10 * percent), row.val_loss, where=f"at {percent:g} %")
        results = results_of(
            run,
            dense=dense.row,
            pruned=tuple(rows),
            guidance=self.method.guidance() if isinstance(self.method, Guided) else None,
            protocol={**protocol(run.cfg), "finetune.engine": engine},
            compared={
                method.name: {**protocol_of_compared(run.cfg, key), "finetune.engine": engine}
                for key, method in self.compare.items()
            },
            method_seconds=None if is_resumed(run.folder) else round(started.own.seconds, 1),
        )
        network_figures(run, results, dense.net)
        return results


def check_method(name: str) -> None:
    """Refuse an unknown method before any work.

    Raises:
        ValueError: if it is neither a method of the results nor a file of ``conf/pruner``.
    """
    known = sorted({*METHODS, *(file.stem for file in PRUNERS.glob("*.yaml"))} - {"one_shot"})
    if name not in known:
        nearest = get_close_matches(name, known, n=1)
        hint = f", did you mean {nearest[0]}?" if nearest else ""
        raise ValueError(f"method={name}: unknown{hint or '.'} Known methods: {', '.join(known)}")


def check_kind(cfg: DictConfig) -> None:
    """Refuse whole channels for methods that do not know them.

    Raises:
        ValueError: if ``sparsity_kind`` is set, and a pruner of the run does not read it.
    """
    if OmegaConf.select(cfg, "sparsity_kind") is None:
        return
    written = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(written, dict)
    own = {str(cfg.method): written["pruner"]}
    for name, pruner in (own | (written.get("compare") or {})).items():
        if "${sparsity_kind}" not in str(pruner):
            raise ValueError(
                f"sparsity_kind: pruner={name} prunes single weights; channels are pruned at once, "
                "by magnitude, snip, random, l1 or scalegmn_eq"
            )


def check_floor(run: Run, sparsity: float) -> None:
    """Refuse a floor of weights in each layer that a sparsity cannot leave.

    Args:
        run: whose target is looked at, where one of its methods reads the floor.
        sparsity: the largest one.

    Raises:
        ValueError: if all layers' floors need more weights than are kept.
    """
    floor = OmegaConf.select(run.cfg, "selection.min_per_layer") or 0
    methods = OmegaConf.to_yaml(OmegaConf.masked_copy(run.cfg, ["pruner", "compare"]))
    if floor and "${selection.min_per_layer}" in methods:
        net = run.target()
        if run.cfg.fold_batch_norm:
            net = fold_batch_norm(net, first_batch(run.data)[0][:1].cpu())
        weights = prunable(net, prune_biases=run.cfg.prune_biases)
        scores = {name: torch.zeros(weight.shape) for name, weight in weights.items()}
        make_mask(scores, sparsity, allocate=allocate_uniformly, min_per_layer=floor)


def _grid(sparsities: float | Sequence[float]) -> list[float]:
    grid = [sparsities] if isinstance(sparsities, int | float) else list(sparsities)
    if not grid:
        raise ValueError("sparsity=[]: give at least one fraction to prune")
    for sparsity in grid:
        if not 0 <= sparsity < 1:
            raise ValueError(f"sparsity must be at least 0 and below 1, got {sparsity}")
    names = [f"{100 * sparsity:g}" for sparsity in grid]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"sparsity={grid}: two of them would be pruned_{name}.safetensors")
    return sorted(grid)
