"""The trained predictor as a file, and how good it is."""

from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from lightning import Callback, LightningModule, Trainer

from callbacks.protocols import predicting
from callbacks.shown_figures import show_figures
from pipelines.best_weights import load_best
from reporting.prediction_figures import calibration_figure, scatter_figure
from scalegmn.predictor import Predictions, save_predictor


class TrainedPredictor(Callback):
    """When a predictor is trained: writes its best weights to a file, measures and draws them.

    What was predicted about the test networks becomes ``predictions.png`` and ``calibration.png``,
    which TensorBoard shows, too::

        trained_predictor:
          _target_: callbacks.trained_predictor.TrainedPredictor
          folder: ${paths.run_dir}
          metadata: {experiment: predict_small_cnn}

    Args:
        folder: where ``predictor.safetensors`` and the figures go.
        metadata: what the predictor's file says about it.
    """

    def __init__(self, *, folder: str | Path, metadata: Mapping[str, str]) -> None:
        self.folder = Path(folder)
        self.metadata = metadata
        self._metrics: dict[str, float | int] = {}

    def metrics(self) -> Mapping[str, float | int]:
        return self._metrics

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        load_best(trainer, pl_module)
        module, data = predicting(pl_module), trainer.datamodule  # type: ignore[attr-defined]
        val, test = (
            module.predictions(_some(loader, limit))
            for loader, limit in (
                (data.val_dataloader(), trainer.limit_val_batches),
                (data.test_dataloader(), trainer.limit_test_batches),
            )
        )
        self._metrics = {
            **test.scores(),
            **{f"val_{name}": value for name, value in val.scores().items()},
            "test_networks": len(test),
            "val_networks": len(val),
            "train_networks": data.train_dataloader().sampler.size,
            "dropped_networks": data.dropped,
            "parameters": sum(p.numel() for p in module.predictor.parameters()),
        }
        if trainer.is_global_zero:
            save_predictor(self.folder / "predictor.safetensors", module.predictor, self.metadata)
            self._draw(trainer, test, f"{module.predictor.recipe.name} on {data.name}")

    def _draw(self, trainer: Trainer, test: Predictions, title: str) -> None:
        figures = {
            "predictions": scatter_figure(test, title),
            "calibration": calibration_figure(test, title),
        }
        show_figures(trainer, figures, self.folder)


def _some(loader: Iterable[Any], limit: float | int | None) -> Iterable[Any]:
    """As many batches as the trainer is limited to."""
    if limit is None or isinstance(limit, float):
        limit = round(len(loader) * (1.0 if limit is None else limit))  # type: ignore[arg-type]
    return islice(loader, limit)
