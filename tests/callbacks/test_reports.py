"""Callbacks that say how a run went: results, figures, monitors, networks."""

import json
import os
from dataclasses import replace

import pytest
import torch
from lightning import Callback
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from callbacks.dense_network import DenseNetwork
from callbacks.dense_reference import DenseReference
from callbacks.figures import Figures
from callbacks.results_writer import ResultsWriter
from callbacks.rewritten_network import RewrittenNetwork
from callbacks.sparsity_monitor import SparsityMonitor
from callbacks.trained_target import TrainedTarget
from lightning_modules.classifier import Classifier
from lightning_modules.one_shot_pruner import OneShotPruner
from pipelines.run_record import NAME, begin_session, read_record
from reporting import DenseRow, PrunedRow, Results
from reporting.summary_table import summary_table
from scalegmn.formats import load_state, read_metadata, save_network

METADATA = {"target": "mlp", "saw_validation": "false"}


class Pruned(Callback):
    """Stands in for a pruning callback."""

    def __init__(self, folder, net):
        file = folder / "sub" / "pruned_90.safetensors"
        save_network(file, net.state_dict(), {})
        self.row = PrunedRow(sparsity=0.9, test_acc=0.4, file=str(file), method="magnitude")

    def pruned_rows(self):
        return [self.row, replace(self.row, method="random")]


@pytest.fixture
def writer(tmp_path):
    return ResultsWriter(
        experiment="test",
        method="magnitude",
        target="mlp",
        seed=3,
        folder=tmp_path,
        config_hash="abc",
    )


def test_results_gather_what_callbacks_report(writer, inner, net, data, make_trainer, tmp_path):
    # The writer comes first: it may not depend on the order.
    callbacks = [writer, Pruned(tmp_path, net), DenseReference(inner, metadata=METADATA)]
    make_trainer(callbacks=callbacks).fit(OneShotPruner(net), datamodule=data)
    found = json.loads((tmp_path / "results.json").read_text())
    assert found["dataset"] == "digits" and found["seed"] == 3 and found["config_hash"] == "abc"
    assert found["dense"]["parameters"] == sum(p.numel() for p in net.parameters())
    assert found["dense"]["saw_validation"] is False
    first, second = found["pruned"]
    assert first["file"] == "sub/pruned_90.safetensors" and "method" not in first
    assert second["method"] == "random"
    assert found["wall_seconds"] >= 0 and found["peak_memory_mb"] > 100


def test_a_run_that_fails_has_no_results(writer, net, data, make_trainer, tmp_path):
    class Fail(Callback):
        def on_fit_end(self, trainer, pl_module):
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        make_trainer(callbacks=[writer, Fail()]).fit(OneShotPruner(net), datamodule=data)
    assert not (tmp_path / "results.json").exists()


def test_the_clock_goes_on_in_the_next_session(tmp_path):
    first = begin_session(tmp_path, "abc")
    assert first.earlier_seconds == 0 and read_record(tmp_path) == first
    # It was killed ten seconds later, and continued long after.
    long_ago = {"config_hash": "abc", "began": first.began - 1000, "earlier_seconds": 5.0}
    (tmp_path / NAME).write_text(json.dumps(long_ago))
    os.utime(tmp_path / NAME, (first.began - 990, first.began - 990))
    assert begin_session(tmp_path, "abc").earlier_seconds == pytest.approx(15, abs=0.1)


def test_figures_are_files_and_in_tensorboard(net, data, make_trainer, tmp_path):
    callbacks = [Pruned(tmp_path, net), Figures(folder=tmp_path, target="mlp", method="magnitude")]
    logger = TensorBoardLogger(tmp_path, name="tb", version="")
    make_trainer(callbacks=callbacks, logger=logger).fit(OneShotPruner(net), datamodule=data)
    logger.experiment.close()
    board = EventAccumulator(str(tmp_path / "tb"))
    board.Reload()
    assert set(board.Tags()["images"]) == {"accuracy", "layers"}
    for name in ("accuracy", "layers"):
        assert (tmp_path / f"{name}.png").read_bytes()[1:4] == b"PNG"


def test_the_monitor_shows_each_layer(net, data, make_trainer, tmp_path):
    class Trained(OneShotPruner):
        def training_step(self, batch, batch_idx):
            return self.target(batch[0]).sum()

        def configure_optimizers(self):
            return torch.optim.SGD(self.target.parameters(), lr=0.0)

        def on_fit_start(self):
            self.target[2].weight.data[:3] = 0

    logger = TensorBoardLogger(tmp_path, name="tb", version="")
    monitor = SparsityMonitor(threshold=1e-9, every_n_epochs=2)
    trainer = make_trainer(callbacks=[monitor], logger=logger, max_epochs=3, limit_train_batches=1)
    trainer.fit(Trained(net), datamodule=data)
    logger.experiment.close()
    board = EventAccumulator(str(tmp_path / "tb"))
    board.Reload()
    events = board.Scalars("near_zero/2.weight")
    assert [(e.step, e.value) for e in events] == [(2, 0.25), (3, 0.25)]
    assert "log10_magnitude/4.weight" in board.Tags()["histograms"]
    assert board.Tags()["images"] == ["near_zero"]


def test_a_trained_network_becomes_a_file(net, inner, data, make_trainer, tmp_path):
    file = tmp_path / "dense.safetensors"
    callback = DenseNetwork(inner, file=file, metadata=METADATA)
    trainer = make_trainer(max_epochs=1, callbacks=[callback])
    trainer.fit(Classifier(net), datamodule=data)
    assert torch.equal(load_state(file, net)["4.bias"], net[4].bias)
    assert read_metadata(file)["saw_validation"] == "false"
    val_loss = trainer.callback_metrics["val/loss"]
    assert callback.dense_row().val_loss == pytest.approx(float(val_loss), abs=1e-6)


def test_a_rewritten_network_becomes_a_file(net, data, make_trainer, tmp_path):
    callback = RewrittenNetwork(file=tmp_path / "r.safetensors", metadata={}, method="magnitude")
    make_trainer(callbacks=[callback]).fit(OneShotPruner(net), datamodule=data)
    assert read_metadata(tmp_path / "r.safetensors") == {"method": "magnitude"}


def test_a_missing_target_is_trained_once(net, inner, data, make_trainer, tmp_path):
    def fit(max_epochs):
        callback = TrainedTarget(
            inner,
            optimizer=torch.optim.Adam,
            max_epochs=max_epochs,
            folder=tmp_path,
            weights=None,
            metadata=METADATA,
        )
        make_trainer(callbacks=[callback]).fit(OneShotPruner(net), datamodule=data)
        return net[2].weight.detach().clone()

    start = net[2].weight.detach().clone()
    trained = fit(1)
    assert not torch.equal(start, trained)
    net[2].weight.data.zero_()
    assert torch.equal(fit(5), trained)


def test_the_table_ends_with_the_dense_row():
    row = PrunedRow(sparsity=0.9, test_acc=0.4, nonzero=10, finetune_lr=1e-3)
    dense = DenseRow(test_acc=0.5, parameters=100, saw_validation=True)
    results = Results(
        experiment="e",
        seed=1,
        method="magnitude",
        target="mlp",
        dataset="digits",
        dense=dense,
        pruned=(row, row),
    )
    table = summary_table(results)
    assert list(table.columns[0].cells) == ["magnitude", "magnitude", "dense †"]
    assert list(table.columns[4].cells) == ["40.00 %", "40.00 %", "50.00 %"]
