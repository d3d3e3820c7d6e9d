"""Train a classifier of INRs."""

from typing import Any

from datamodules.protocols import Kind
from lightning_modules.inr_classifier import INRClassifier
from pipelines.fit import fit_method
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced
from pipelines.trial import epoch_reports
from pipelines.visuals import show
from reporting import Results


class ClassifyINRs:
    """Train a classifier, and measure it on INRs of images that it has not seen."""

    reads: Kind = "inrs"

    def __call__(self, run: Run) -> Results:
        """Train and measure; the best weights are ``checkpoints/best.ckpt``."""
        data: Any = run.data
        epochs = run.cfg.trainer.max_epochs
        with announced(run.processes, f"classifier: training for {epochs} epochs"):
            run.seed()
            module: INRClassifier = run.build("model")(
                siren=data.siren, num_classes=data.num_classes
            )
            reports = epoch_reports(run, run.cfg.monitor, run.cfg.monitor_mode)
            fit_method(run, module, callbacks=reports)
            measured = _measured(run, module)
        results = results_of(
            run,
            method=None,
            target=None,
            setting=module.recipe.name,
            metrics={
                "test_acc": measured["test/accuracy"],
                "test_loss": measured["test/loss"],
                "val_acc": measured["val/accuracy"],
                "val_loss": measured["val/loss"],
                "train_inrs": data.train_dataloader().sampler.size,
                "parameters": sum(p.numel() for p in module.parameters()),
            },
        )
        show(run, results, {})
        return results


def _measured(run: Run, module: INRClassifier) -> dict[str, float]:
    """Loss and accuracy on val and test, over all processes."""
    # A folder without checkpoints: Lightning would load those of a preempted job.
    trainer = run.trainer(enable_checkpointing=False, default_root_dir=run.folder)
    (val,) = trainer.validate(module, datamodule=run.data, verbose=False)
    (test,) = trainer.test(module, datamodule=run.data, verbose=False)
    return {**val, **test}
