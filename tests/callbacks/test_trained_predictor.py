import pytest
import torch
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.data import DataLoader, SequentialSampler

from callbacks.protocols import predicting
from callbacks.results_writer import ResultsWriter
from callbacks.trained_predictor import TrainedPredictor
from lightning_modules.predictor import Predictor
from lightning_modules.squared_error import SquaredError
from reporting import Results
from reporting.prediction_figures import calibration_figure, scatter_figure
from reporting.summary_table import summary_table
from scalegmn.formats import read_metadata
from scalegmn.predictor import AccuracyPredictor, Predictions, StatNN, load_predictor
from tests.networks import batch_of, graph_of


class Networks(LightningDataModule):
    name = "tiny_zoo"
    data_note = "random"
    dropped = 3

    def train_dataloader(self):
        batches = [batch_of(16, seed=seed) for seed in range(3)]
        return DataLoader(batches, batch_size=None, sampler=Sampled(range(3)))

    def val_dataloader(self):
        return DataLoader([batch_of(20, seed=s) for s in (7, 8)], batch_size=None)

    def test_dataloader(self):
        return DataLoader([batch_of(30, seed=9), batch_of(10, seed=10, sparsity=0.4)], None)


class Sampled(SequentialSampler):
    size = 48


@pytest.fixture
def run(make_trainer, tmp_path):
    """Trains a predictor for some epochs; the best is rarely the last."""

    def fit(**options):
        callbacks = [
            ResultsWriter(
                experiment="predict_small_cnn",
                method=None,
                target="small_cnn",
                seed=1,
                folder=tmp_path,
                config_hash="-",
            ),
            TrainedPredictor(folder=tmp_path, metadata={"dataset": "tiny_zoo"}),
            ModelCheckpoint(tmp_path / "checkpoints", monitor="val/kendall_tau", mode="max"),
        ]
        module = Predictor(
            AccuracyPredictor(StatNN(d=16), graph_of()),
            loss=SquaredError(),
            optimizer=lambda p: torch.optim.SGD(p, lr=3.0),
        )
        trainer = make_trainer(
            max_epochs=4,
            callbacks=callbacks,
            enable_checkpointing=True,
            logger=TensorBoardLogger(tmp_path, name="tensorboard", version=""),
            **options,
        )
        trainer.fit(module, datamodule=Networks())
        return trainer, tmp_path

    return fit


def test_the_best_epoch_is_kept_measured_and_drawn(run):
    trainer, folder = run()
    best = trainer.checkpoint_callback.best_model_score.item()
    results = Results.read(folder / "results.json")
    assert results.predictor == "StatNN" and results.method is None
    assert results.metrics["val_kendall_tau"] == pytest.approx(best, abs=1e-6)
    counts = {name: results.metrics[f"{name}_networks"] for name in ("train", "val", "test")}
    assert counts == {"train": 48, "val": 40, "test": 40}
    loaded = load_predictor(folder / "predictor.safetensors")
    assert read_metadata(folder / "predictor.safetensors")["dataset"] == "tiny_zoo"
    with torch.no_grad():
        batches = list(Networks().test_dataloader())
        said = torch.cat([loaded(loaded.graph, b.parameters) for b in batches])
    label = torch.cat([b.label for b in batches])
    scores = Predictions(said, label, torch.zeros(40)).scores()
    for name, value in scores.items():
        assert results.metrics[name] == pytest.approx(value, abs=1e-6)
    assert results.metrics["parameters"] == sum(p.numel() for p in loaded.parameters())
    assert "kendall_tau" in summary_table(results).columns[0]._cells
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    for name in ("predictions", "calibration"):
        assert (folder / f"{name}.png").stat().st_size > 1000
        assert name in events.Tags()["images"]


def test_limits_of_batches_are_kept(run):
    _, folder = run(limit_val_batches=1, limit_test_batches=0.5)
    metrics = Results.read(folder / "results.json").metrics
    assert metrics["val_networks"] == 20 and metrics["test_networks"] == 30
    assert metrics["dropped_networks"] == 3


def test_a_module_without_a_predictor_is_refused():
    with pytest.raises(ValueError, match="LightningModule trains no predictor"):
        predicting(LightningModule())


def points(figure):
    return [bars.lines[0].get_xydata() for bars in figure.axes[0].containers]


def test_calibration_has_a_line_for_each_band_of_sparsity():
    label = torch.linspace(0, 1, 100)
    sparsity = torch.zeros(100)
    sparsity[60:] = 0.6
    figure = calibration_figure(Predictions(label * 0.5, label, sparsity), "title")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["not pruned: 60 networks", "sparsity up to 75 %: 40 networks"]
    first, second = points(figure)
    assert len(first) == len(second) == 10
    assert first[:, 1] == pytest.approx(2 * first[:, 0], rel=1e-5)


def test_the_scatter_shows_every_network_and_the_scores():
    label = torch.linspace(0.1, 0.9, 9)
    figure = scatter_figure(Predictions(label, label, torch.zeros(9)), "title")
    (cloud,) = figure.axes[0].collections
    assert len(cloud.get_offsets()) == 9
    assert "τ 1.0000, R² 1.0000, 9 networks" in figure.axes[0].get_title()
    assert len(figure.axes) == 1
    with_sparsity = scatter_figure(Predictions(label, label, label / 2), "title")
    assert len(with_sparsity.axes) == 2
