"""Train a predictor of accuracies on a zoo of networks."""

from pathlib import Path
from typing import Any

from lightning import Trainer

from datamodules.protocols import Kind
from lightning_modules.predictor import Predictor
from pipelines.fit import fit_method
from pipelines.limited import limited
from pipelines.results import results_of
from pipelines.run import Run
from pipelines.stage import announced
from pipelines.trial import epoch_reports
from pipelines.visuals import show
from reporting import Results
from reporting.calibration import NAME as CALIBRATION
from reporting.calibration import write_calibration
from reporting.prediction_figures import calibration_figure, scatter_figure
from reporting.predictions import NAME as PREDICTIONS
from reporting.predictions import write_predictions
from scalegmn.arguments import check_number
from scalegmn.formats import atomic_path
from scalegmn.predictor import Predictions, check_describable, save_predictor

FILE = "predictor.safetensors"


class Predict:
    """Train a predictor, and measure it on networks that it has not learnt from.

    Args:
        good: accuracy from which networks are scored apart, too, a fraction: a high τ over all may
            tell bad networks from others, and not good ones from the best.

    Raises:
        ValueError: if that is no fraction.
    """

    reads: Kind = "networks"

    def __init__(self, *, good: float) -> None:
        check_number("pipeline.good", good, least=0, most=1)
        self.good = good

    def __call__(self, run: Run) -> Results:
        """Train, write ``predictor.safetensors`` and the predictions, measure and draw."""
        epochs = run.cfg.trainer.max_epochs
        with announced(run.processes, f"predictor: training for {epochs} epochs"):
            run.seed()
            module = _module(run)
            reports = epoch_reports(run, run.cfg.monitor, run.cfg.monitor_mode)
            trainer = fit_method(run, module, callbacks=reports)
            val, test = (_predictions(module, trainer, split) for split in ("val", "test"))
        config = module.predictor.recipe
        if run.processes.is_first:
            about = {
                "experiment": run.cfg.name,
                "target": run.cfg.target.name,
                "dataset": run.cfg.data.name,
                "label": run.cfg.data.label,
            }
            save_predictor(run.folder / FILE, module.predictor, about)
            _save_predictions(run.folder / PREDICTIONS, test, trainer)
            with atomic_path(run.folder / CALIBRATION) as temporary:
                write_calibration(temporary, test, self.good)
        run.processes.barrier()
        data: Any = run.data
        results = results_of(
            run,
            predictor=config.name,
            label=data.label,
            finetuned_from=module.predictor.trained_on,
            metrics=_metrics(module, data, val, test, self.good),
        )
        title = f"{config.name} on {data.name}"
        figures = {
            "predictions": scatter_figure(test, title),
            "calibration": calibration_figure(test, title),
        }
        show(run, results, figures)
        return results


def _module(run: Run) -> Predictor:
    """The LightningModule for the networks of the run's zoo."""
    data: Any = run.data
    make = run.build("model.predictor")
    check_describable(make.keywords["recipe"])
    predictor = make(
        network=data.network(),
        image_shape=(data.in_channels, data.image_size, data.image_size),
        split=data.split,
    )
    return run.build("model")(predictor=predictor)


def _metrics(
    module: Predictor, data: Any, val: Predictions, test: Predictions, good: float
) -> dict[str, float | int]:
    best = test.where((test.label >= good).numpy())
    return {
        **test.scores(),
        **{f"good_{name}": value for name, value in best.scores().items()},
        "good_networks": len(best),
        **{f"val_{name}": value for name, value in val.scores().items()},
        "test_networks": len(test),
        "val_networks": len(val),
        "train_networks": data.train_dataloader().sampler.size,
        "dropped_networks": data.dropped,
        "parameters": sum(p.numel() for p in module.predictor.parameters()),
    }


def _predictions(module: Predictor, trainer: Trainer, split: str) -> Predictions:
    data: Any = trainer.datamodule  # type: ignore[attr-defined]
    loader = getattr(data, f"{split}_dataloader")()
    return module.predictions(limited(loader, getattr(trainer, f"limit_{split}_batches")))


def _save_predictions(file: Path, test: Predictions, trainer: Trainer) -> None:
    """Leave the predictions for test networks, from which a report draws its intervals."""
    loader = trainer.datamodule.test_dataloader()  # type: ignore[attr-defined]
    family = loader.dataset.networks.family
    rows = loader.sampler.gathered_rows()
    if len(rows) == len(test):
        with atomic_path(file) as temporary:
            write_predictions(temporary, test, rows=rows, family=family)
