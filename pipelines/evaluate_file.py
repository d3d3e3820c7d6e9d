"""Evaluate networks from their files, on the test split or as a predictor reads them."""

import re
from collections.abc import Iterable
from math import isfinite
from pathlib import Path
from typing import Any

import torch
from hydra.utils import get_object, instantiate
from lightning import LightningDataModule
from omegaconf import DictConfig
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from datamodules.preparation import prepare
from lightning_modules.classifier import Classifier
from pipelines.config_check import check_config
from pipelines.data import build_data
from pipelines.execute import console
from pipelines.from_file import METADATA, config_for, network_metadata, overridden
from pipelines.json_files import write_json
from pipelines.pretrained import pretrained
from scalegmn.formats import load_tensors, read_metadata
from scalegmn.graph import NetworkGraph, Role
from scalegmn.nn import Message
from scalegmn.predictor import AccuracyPredictor, load_predictor
from scalegmn.pruning import SparsityCount

ACTIVATION = re.compile(r"target\.net\.activation\b")


def evaluate(cfg: DictConfig) -> dict[str, Any]:
    """Test the network of ``cfg.file``, and write ``evaluation.json``.

    Raises:
        ValueError: if the file is not a network of this target, or names what it may not.
        FileNotFoundError: if it, or the data, is not there.
    """
    cfg = config_for(cfg, cfg.file)
    check_config(cfg)
    data: Any = build_data(cfg.data)
    prepare(data)
    data.setup("test")
    example = torch.zeros(2, data.in_channels, data.image_size, data.image_size)
    target = instantiate(cfg.target.net, _convert_="all")
    net = pretrained(target, weights=cfg.file, example_input=example)
    metrics = _test(cfg, net, data)
    count = SparsityCount.of_network(net)
    evaluation = {
        "file": str(cfg.file),
        "target": cfg.target.name,
        "dataset": data.name,
        "data_note": getattr(data, "data_note", None),
        "test_acc": metrics["test/accuracy"],
        "test_loss": metrics["test/loss"],
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
        "parameters": count.parameters,
        "nonzero": count.nonzero,
        "macs": macs(net, example[:1]),
    }
    _report(evaluation, cfg, f"{cfg.target.name} on {data.name}")
    return evaluation


def predict(cfg: DictConfig) -> dict[str, Any]:
    """Read the network of ``cfg.network`` with a predictor, and write ``evaluation.json``.

    Raises:
        ValueError: if a file is not given or wrong, the predictor cannot read the network, or one
            of ``cfg.messages`` is no message function.
        FileNotFoundError: if a file is not there.
    """
    if cfg.predictor is None or cfg.network is None:
        raise ValueError("give both: predictor=FILE network=FILE")
    predictor = load_predictor(cfg.predictor, messages=_messages(cfg))
    about = read_metadata(cfg.predictor)
    graph, parameters = _network(cfg, predictor)
    count = SparsityCount.of(parameters)
    try:
        predictor.check_range(graph, parameters)
    except ValueError as error:
        raise ValueError(f"{cfg.network}: {error}") from error
    with torch.no_grad():
        accuracy = predictor(graph, parameters).item()
    if not isfinite(accuracy):
        raise ValueError(
            f"{cfg.predictor} predicted NaN for {cfg.network}; its weights may underflow"
        )
    evaluation = {
        "network": str(cfg.network),
        "predictor": str(cfg.predictor),
        "trained_on": about.get("dataset"),
        "predicted_acc": accuracy,
        "weight_sparsity": count.weight_sparsity,
        "parameter_sparsity": count.parameter_sparsity,
    }
    _report(evaluation, cfg, f"as read by {predictor.recipe.name}")
    return evaluation


def macs(net: nn.Module, x: torch.Tensor) -> int:
    """Multiplications of a dense execution, for one image; zeros are not skipped."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.eval()(x)
    return counter.get_total_flops() // 2


def _test(cfg: DictConfig, net: nn.Module, data: LightningDataModule) -> dict[str, float]:
    make = instantiate(cfg.trainer, _partial_=True, _convert_="all")
    trainer = make(logger=False, enable_checkpointing=False)
    (metrics,) = trainer.test(Classifier(net), datamodule=data, verbose=False)
    return metrics


def _network(
    cfg: DictConfig, predictor: AccuracyPredictor
) -> tuple[NetworkGraph, dict[str, torch.Tensor]]:
    """The graph and the parameters of a network: the predictor's own, unless it is described.

    Raises:
        ValueError: if the file does not hold that network, or leaves open which it is.
        FileNotFoundError: if it is not there.
    """
    own = predictor.graph
    given, described = overridden(), "network" in network_metadata(cfg.network)
    if not described and predictor.recipe.reads_activations:
        _need_activation(cfg, given)
    if not described and not any(key.startswith("target") for key in given):
        x_V, x_E = torch.zeros(own.num_nodes, 1), torch.zeros(own.num_edges, own.edge_dim)
        return own, load_tensors(cfg.network, own.parameters(x_V, x_E))
    cfg = config_for(cfg, cfg.network, {"target": METADATA["target"]})
    channels, classes = (_count(own, role) for role in (Role.INPUT, Role.OUTPUT))
    net = instantiate(cfg.target.net, in_channels=channels, num_classes=classes, _convert_="all")
    size = cfg.data.image_size
    example = torch.zeros(1, channels, size, size)
    net = pretrained(net, weights=cfg.network, example_input=example).eval()
    graph = NetworkGraph.from_module(net, example)
    return graph, {name: p.detach() for name, p in net.named_parameters()}


def _messages(cfg: DictConfig) -> list[type[Message]]:
    """The classes that the command line names."""
    names = [cfg.messages] if isinstance(cfg.messages, str) else list(cfg.messages)
    return [_message(str(name)) for name in names]


def _message(name: str) -> type[Message]:
    try:
        found = get_object(name)
    except Exception as error:
        reason = " ".join(str(error.__cause__ or error).split())
        raise ValueError(f"messages={name}: cannot be imported: {reason}") from error
    if not (isinstance(found, type) and issubclass(found, Message)):
        raise ValueError(f"messages={name}: expected a subclass of scalegmn.nn.Message")
    return found


def _need_activation(cfg: DictConfig, given: Iterable[str]) -> None:
    """Refuse a zoo's row, which may have ReLU or tanh; other targets have one activation."""
    if cfg.target.name == "small_cnn" and not any(map(ACTIVATION.match, given)):
        raise ValueError(
            f"{cfg.network} does not say which activation its network has, and the predictor "
            "reads both: give '+target.net.activation={_target_: torch.nn.Tanh, _partial_: true}', "
            "or the same with ReLU"
        )


def _count(graph: NetworkGraph, role: Role) -> int:
    return sum(group.size for group in graph.groups if group.role is role)


def _report(evaluation: dict[str, Any], cfg: DictConfig, title: str) -> None:
    """Write the evaluation as JSON, and print it as a table."""
    write_json(Path(cfg.paths.run_dir) / "evaluation.json", evaluation)
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
