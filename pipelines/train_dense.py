"""Train a dense network: an experiment of its own."""

from pathlib import Path

from datamodules.protocols import Kind
from pipelines.dense import FILE, copy, shared, shared_folder, train_dense
from pipelines.evaluation import dense_row
from pipelines.pretrained import pretrained
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced, once
from pipelines.target_check import check_target
from pipelines.visuals import show
from reporting import DenseRow, Results


class TrainDense:
    """Train the target, and keep it for later pruning runs of the same recipe."""

    reads: Kind = "images"

    def __call__(self, run: Run) -> Results:
        """Train, test, and publish to ``paths.dense_dir``."""
        check_target(run)
        cfg = run.cfg
        plan = f"dense network: training {cfg.target.name} for {cfg.dense.max_epochs} epochs"
        with announced(run.processes, plan):
            once(
                run,
                run.folder / "dense" / "fit.json",
                lambda: _fit(run),
                leaves=[run.folder / FILE],
            )
        net = pretrained(run.target(), weights=str(run.folder / FILE))
        row = once(
            run,
            run.folder / "dense" / "row.json",
            lambda: vars(dense_row(run, net, saw_validation=False)),
            keys=("test_acc", "hash"),
        )
        if cfg.target.weights is None:
            _publish(run, run.folder / FILE)
        results = results_of(run, dense=DenseRow(**row))
        show(run, results, {})
        return results


def _fit(run: Run) -> dict[str, str]:
    train_dense(run, run.folder)
    return {"file": FILE}


def _publish(run: Run, file: Path) -> None:
    folder = shared_folder(run.cfg)
    with shared(run, folder):
        if run.processes.is_first and not (folder / FILE).exists():
            copy(file, folder / FILE)
