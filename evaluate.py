"""A network on the test split, from its file: ``python evaluate.py file=FILE [target= data=]``."""

import json
from pathlib import Path
from typing import Any

import hydra
import torch
from hydra import compose
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig
from rich.table import Table
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from conf.data_facts import prepared_data, with_images
from conf.errors import job_errors, run
from conf.settings import with_settings
from conf.types import check_types
from lightning_modules.classifier import Classifier
from lightning_modules.pretrained import pretrained
from scalegmn.formats import atomic_path, read_metadata
from scalegmn.pruning import SparsityCount
from train import console, quiet, remove_if_empty

# Config groups: where a file says what they are, and how the part of the config is set.
METADATA = {"target": ("target", "target.net", "network"), "data": ("dataset", "data", "images")}


@hydra.main(version_base="1.3", config_path="conf", config_name="evaluate")
def main(cfg: DictConfig) -> None:
    """Called by Hydra with the composed config."""
    try:
        with job_errors():
            evaluate(as_the_file_says(cfg))
    finally:
        remove_if_empty(cfg)


def evaluate(cfg: DictConfig) -> dict[str, Any]:
    """Test the network of ``cfg.file``, and write ``evaluation.json``.

    Raises:
        ValueError: if the file is not a network of this target.
        FileNotFoundError: if it, or the data, is not there.
    """
    data = prepared_data(cfg)
    cfg = with_images(cfg, data)
    check_types(cfg)
    quiet()
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
    with atomic_path(Path(cfg.paths.run_dir) / "evaluation.json") as temporary:
        temporary.write_text(json.dumps(evaluation, indent=2) + "\n")
    show(evaluation)
    return evaluation


def as_the_file_says(cfg: DictConfig) -> DictConfig:
    """The config with the network and the images that the file names, unless the user named them.

    Raises:
        ValueError: if the file names something that it may not.
    """
    task = HydraConfig.get().overrides.task
    given = {key.lstrip("+~"): value for key, _, value in (o.partition("=") for o in task)}
    said = read_metadata(cfg.file)
    named = [(g, name) for g, (name, _, _) in METADATA.items() if name in said and g not in given]
    if named:
        cfg = compose("evaluate", overrides=[*(f"{g}={said[name]}" for g, name in named), *task])
    for group, (name, key, settings) in METADATA.items():
        if settings in said and given.get(group, said.get(name)) == said.get(name):
            with_settings(cfg, key, said[settings], given.keys())
    return cfg


def macs(net: nn.Module, x: torch.Tensor) -> int:
    """Multiplications of a dense execution, for one image; zeros are not skipped."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        net.eval()(x)
    return counter.get_total_flops() // 2


def show(evaluation: dict[str, Any]) -> None:
    """Print the evaluation as a table."""
    table = Table(title=f"{evaluation['target']} on {evaluation['dataset']}", show_header=False)
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
    run(main)
