"""TensorBoard's dashboard HPARAMS shows a sweep: read as TensorBoard itself reads it."""

import sys

import pytest
import torch
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.backend_context import Context
from tensorboard.plugins.hparams.list_session_groups import Handler

import train
from pipelines import launch
from reporting import Results

pytestmark = pytest.mark.slow

SWEEP = [
    *("train.py", "-m", "experiment=baseline_magnitude,baseline_random", "finetune.lr=1e-2,1e-3"),
    *("data=digits", "debug=smoke", "num_threads=1", "trainer.accelerator=cpu"),
    "+pruner@compare.snip=snip",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")
    with pytest.MonkeyPatch.context() as patch:
        for _ in range(2):  # The second finds everything done.
            patch.setattr(sys, "argv", [*SWEEP, f"hydra.sweep.dir={folder}"])
            launch.command(train.main)
    torch.use_deterministic_algorithms(False)
    return folder


@pytest.fixture(scope="module")
def sessions(folder):
    """The rows of the dashboard by the folders of the jobs."""
    events = EventMultiplexer()
    events.AddRunsFromDirectory(str(folder))
    events.Reload()
    context = Context(TBContext(data_provider=MultiplexerDataProvider(events, str(folder))))
    asked = api_pb2.ListSessionGroupsRequest(slice_size=100, include_metrics=True)
    asked.allowed_statuses.append(api_pb2.STATUS_SUCCESS)
    groups = Handler(RequestContext(), context, "experiment", asked).run().session_groups
    return {group.name: group for group in groups}


def test_every_job_is_a_row_with_its_settings(folder, sessions):
    files = {file.parent.name: Results.read(file) for file in folder.glob("*/results.json")}
    assert sessions.keys() == files.keys() and len(files) == 4
    for name, results in files.items():
        hparams = sessions[name].hparams
        assert hparams["method"].string_value == results.method
        assert hparams["experiment"].string_value == results.experiment
        assert hparams["seed"].number_value == results.seed
        assert hparams["finetune.lr"].number_value == results.protocol["finetune.lr"]
        assert hparams["selection.gauge"].string_value == "raw"


def test_every_row_has_its_numbers(folder, sessions):
    for name, group in sessions.items():
        results = Results.read(folder / name / "results.json")
        own, other = results.pruned
        expected = {"dense": results.dense, "80": own, "snip_80": other}
        shown = {metric.name.tag: metric.value for metric in group.metric_values}
        assert shown == pytest.approx(
            {f"result/{k}/test_acc": row.test_acc for k, row in expected.items()}
            | {f"result/{k}/val_loss": row.val_loss for k, row in expected.items()}
        )


def test_a_job_is_written_once_from_start_to_end(folder, sessions):
    for name in sessions:
        events = EventAccumulator(str(folder / name))
        events.Reload()
        written = events.PluginTagToContent("hparams")
        assert {tag.rpartition("/")[2] for tag in written} == {
            *("experiment", "session_start_info", "session_end_info"),
        }
        assert len(list((folder / name).glob("events.out.tfevents.*"))) == 1
