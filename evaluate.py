"""A network on the test split, from its file: ``python evaluate.py file=FILE [target= data=]``.

Or what a predictor says about it: ``python evaluate.py predictor=FILE network=FILE [target=]``.
"""

import json
import re
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lightning_modules.classifier import Classifier
from pipelines.config_check import check_types
from pipelines.data_facts import prepared_data, with_images
from pipelines.launch import command, job
from pipelines.pretrained import pretrained
from pipelines.said_by_files import METADATA, as_the_file_says, overridden, said_by
from scalegmn.formats import atomic_path, load_tensors, read_metadata
from scalegmn.graph import NetworkGraph, Role
from scalegmn.predictor import AccuracyPredictor, load_predictor
from scalegmn.pruning import SparsityCount
from train import console

# Of all images here.
IMAGE_SIZE = 32
ACTIVATION = re.compile(r"target\.net\.activation\b")


@hydra.main(
    version_base="1.3", config_path=str(Path(__file__).parent / "conf"), config_name="evaluate"
)
def main(cfg: DictConfig) -> None:
    """Called by Hydra with the composed config."""
    with job(cfg):
        if cfg.file and (cfg.predictor or cfg.network):
            raise ValueError("give either file=FILE, or predictor=FILE network=FILE")
        if cfg.predictor is None and cfg.network is None:
            evaluate(as_the_file_says(cfg, cfg.file, METADATA))
        else:
            predict(cfg)


def evaluate(cfg: DictConfig) -> dict[str, Any]:
    """Test the network of ``cfg.file``, and write ``evaluation.json``.

    Raises:
        ValueError: if the file is not a network of this target.
        FileNotFoundError: if it, or the data, is not there.
    """
    data = prepared_data(cfg)
    cfg = with_images(cfg, data)
    check_types(cfg)
    net = pretrained(instantiate(cfg.target.net, _convert_="all"), weights=cfg.file)
    trainer = instantiate(cfg.trainer, logger=False, enable_checkpointing=False, _convert_="all")
    (metrics,) = trainer.test(Classifier(net), datamodule=data, verbose=False)
    count = SparsityCount.of(net.state_dict())
    evaluation = {
        "file": str(cfg.file),
        "target": cfg.target.name,
        "dataset": data.name,
        "data_note": data.data_note,
        "test_acc": metrics["test/accuracy"],
        "test_loss": metrics["test/loss"],
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
        "parameters": count.parameters,
        "nonzero": count.nonzero,
        "macs": macs(net, torch.zeros(1, data.in_channels, data.image_size, data.image_size)),
    }
    report(evaluation, cfg, f"{cfg.target.name} on {data.name}")
    return evaluation


def predict(cfg: DictConfig) -> dict[str, Any]:
    """Read the network of ``cfg.network`` with a predictor, and write ``evaluation.json``.

    Raises:
        ValueError: if a file is not given or wrong, or the predictor cannot read the network.
        FileNotFoundError: if a file is not there.
    """
    if cfg.predictor is None or cfg.network is None:
        raise ValueError("give both: predictor=FILE network=FILE")
    predictor, said = load_predictor(cfg.predictor), read_metadata(cfg.predictor)
    graph, parameters = network_to_read(cfg, predictor)
    count = SparsityCount.of(parameters)
    with torch.no_grad():
        accuracy = predictor(graph, parameters).item()
    if not isfinite(accuracy):
        raise ValueError(f"{cfg.predictor} says NaN about {cfg.network}: its weights are too small")
    evaluation = {
        "network": str(cfg.network),
        "predictor": str(cfg.predictor),
        "trained_on": said.get("dataset"),
        "predicted_acc": accuracy,
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
    }
    report(evaluation, cfg, f"as read by {predictor.recipe.name}")
    return evaluation


def network_to_read(
    cfg: DictConfig, predictor: AccuracyPredictor
) -> tuple[NetworkGraph, dict[str, torch.Tensor]]:
    """The graph and the parameters of a network: the predictor's own, unless something is said.

    Raises:
        ValueError: if the file does not hold that network, or leaves open which it is.
        FileNotFoundError: if it is not there.
    """
    own = predictor.graph
    given, said = overridden(), "network" in said_by(cfg.network)
    if not said and predictor.recipe.reads_activations:
        _need_activation(cfg, given)
    if not said and not any(key.startswith("target") for key in given):
        x_V, x_E = torch.zeros(own.num_nodes, 1), torch.zeros(own.num_edges, own.edge_dim)
        return own, load_tensors(cfg.network, own.parameters(x_V, x_E))
    cfg = as_the_file_says(cfg, cfg.network, {"target": METADATA["target"]})
    channels, classes = (_count(own, role) for role in (Role.INPUT, Role.OUTPUT))
    cfg.images = {"name": "", "channels": channels, "size": IMAGE_SIZE, "classes": classes}
    net = pretrained(instantiate(cfg.target.net, _convert_="all"), weights=cfg.network).eval()
    graph = NetworkGraph.from_module(net, torch.zeros(1, channels, IMAGE_SIZE, IMAGE_SIZE))
    return graph, {name: p.detach() for name, p in net.named_parameters()}


def _need_activation(cfg: DictConfig, given: Iterable[str]) -> None:
    """Rows of a zoo do not tell ReLU from tanh; other targets have one activation."""
    if cfg.target.name == "small_cnn" and not any(map(ACTIVATION.match, given)):
        raise ValueError(
            f"{cfg.network} does not say which activation its network has, and the predictor "
            "reads both: give '+target.net.activation={_target_: torch.nn.Tanh, _partial_: true}', "
            "or the same with ReLU"
        )


def _count(graph: NetworkGraph, role: Role) -> int:
    return sum(group.size for group in graph.groups if group.role is role)


def macs(net: nn.Module, x: torch.Tensor) -> int:
    """Multiplications of a dense execution, for one image; zeros are not skipped."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.eval()(x)
    return counter.get_total_flops() // 2


def report(evaluation: dict[str, Any], cfg: DictConfig, title: str) -> None:
    """Write the evaluation as JSON, and print it as a table."""
    with atomic_path(Path(cfg.paths.run_dir) / "evaluation.json") as temporary:
        temporary.write_text(json.dumps(evaluation, indent=2) + "\n")
    table = Table(title=title, show_header=False)
    for name, value in evaluation.items():
        if value is not None:
            shown = f"{100 * value:.2f} %" if name.endswith(("acc", "sparsity")) else _plain(value)
            table.add_row(name, shown)
    console().print(table)


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    command(main)
