"""Check that a target reads the data's images, before anything is trained."""

from collections.abc import Sized
from typing import Any

import torch
from hydra.utils import instantiate
from lightning import LightningDataModule
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from pipelines.protocol import reads_model
from pipelines.run import Run
from scalegmn.graph import NetworkGraph, fold_batch_norm

WANTED = "expected (x, y), float32 [n, channels, height, width] and int64 [n] (docs/extend/data.md)"


def check_target(run: Run) -> None:
    """Look at one batch of validation images, and at what the target makes of an image.

    Where the run needs the graph of the target, it is made, too.

    Raises:
        ValueError: in one line, if the batch is not what the config declares, there is no training
            image, the target does not map an image to a number for each class, its graph cannot be
            made, or does not have the symmetry of the metanetwork.
    """
    x, y = first_batch(run.data)
    _check_declared(run.data, x, y)
    _check_trains(run.data)
    net, image = run.target(), x[:1].cpu()
    check_logits(net, image, num_classes=int(run.cfg.data.num_classes))
    if reason := _needs_graph(run.cfg):
        net = net.cpu().eval()
        try:
            graph = NetworkGraph.from_module(
                fold_batch_norm(net, image) if run.cfg.fold_batch_norm else net, image
            )
        except ValueError as error:
            raise ValueError(
                f"{reason} needs the graph of the target: {error}; magnitudes, gmp, imp and l1 of "
                "single weights in the raw gauge (pruner=magnitude selection.gauge=raw) need none"
            ) from error
        if reads_model(run.cfg, compared=True) and "${architecture}" in OmegaConf.to_yaml(
            run.cfg.model
        ):
            instantiate(run.cfg.architecture.kind).check(graph)


def check_logits(net: nn.Module, x: Tensor, *, num_classes: int) -> None:
    """Check that a network maps images to ``num_classes`` numbers each.

    Args:
        net: the network; it is not changed.
        x: images.
        num_classes: of the data.

    Raises:
        ValueError: in one line, if it does not.
    """
    training = [module for module in net.modules() if module.training]
    shape = list(x.shape[1:])
    try:
        with torch.no_grad():
            logits = net.eval()(x)
    except Exception as error:  # of whatever the network is made of
        reason = " ".join(str(error).split())
        advice = (
            "its number of channels and its size must fit the data (data.in_channels, "
            "data.image_size)"
        )
        if others := {str(p.dtype) for p in net.parameters() if p.dtype != x.dtype}:
            advice = f"it has parameters of {', '.join(sorted(others))}; call .float() on it"
        raise ValueError(
            f"the target cannot read images of shape {shape}: {reason}; {advice}"
        ) from error
    finally:
        for module in training:
            module.training = True
    found = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if found != [len(x), num_classes]:
        raise ValueError(
            f"the target maps {len(x)} image of shape {shape} to {found}, but data.num_classes="
            f"{num_classes}: expected [{len(x)}, {num_classes}]; make it for as many classes "
            "(target.net.num_classes, +target.arguments.NAME), or set data.num_classes"
        )


def first_batch(data: LightningDataModule) -> tuple[Tensor, Tensor]:
    """The first batch of validation images.

    Raises:
        ValueError: if it is not ``(x, y)`` of the right types.
    """
    batch: Any = next(iter(data.val_dataloader()), None)
    where = f"{type(data).__name__}.val_dataloader()"
    if batch is None:
        raise ValueError(f"{where} is empty: {WANTED}")
    pair = isinstance(batch, tuple | list) and len(batch) == 2
    if not pair or not all(isinstance(part, Tensor) for part in batch):
        raise ValueError(f"{where} gives a {type(batch).__name__}: {WANTED}")
    x, y = batch
    fits = (
        x.is_floating_point() and x.ndim > 1 and y.dtype == torch.int64 and y.shape == x.shape[:1]
    )
    if not fits:
        shapes = f"{x.dtype} {list(x.shape)} and {y.dtype} {list(y.shape)}"
        raise ValueError(f"{where} gives {shapes}: {WANTED}")
    return x, y


def _check_trains(data: LightningDataModule) -> None:
    loader = data.train_dataloader()
    if isinstance(loader, Sized) and not len(loader):
        raise ValueError(
            f"{type(data).__name__}.train_dataloader() gives no batch: it has no images, or fewer "
            "than a batch where incomplete batches are dropped (data.batch_size)"
        )


def _needs_graph(cfg: DictConfig) -> str | None:
    """The setting that makes a run read the graph of its target."""
    if OmegaConf.select(cfg, "pipeline.method") is None:
        return None
    if reads_model(cfg, compared=True) and OmegaConf.select(cfg, "model.image_shape") is not None:
        return str(cfg.method)
    if OmegaConf.select(cfg, "sparsity_kind") is not None:
        return "sparsity_kind"
    if OmegaConf.select(cfg, "pruner.group_weight"):
        return "pruner.group_weight"
    return "selection.gauge=balanced" if cfg.selection.gauge == "balanced" else None


def _check_declared(data: Any, x: Tensor, y: Tensor) -> None:
    channels, *sizes = x.shape[1:]
    declared = {"in_channels": channels, **({"image_size": sizes[-1]} if sizes else {})}
    for key, found in declared.items():
        if getattr(data, key) != found:
            raise ValueError(
                f"data.{key}={getattr(data, key)}, but {type(data).__name__} gives images of shape "
                f"{list(x.shape[1:])}: set data.{key}={found}"
            )
    if not 0 <= int(y.min()) <= int(y.max()) < data.num_classes:
        raise ValueError(
            f"data.num_classes={data.num_classes}, but {type(data).__name__} gives labels from "
            f"{int(y.min())} to {int(y.max())}: set data.num_classes"
        )
