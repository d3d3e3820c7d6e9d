"""Prune a network from Python."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from lightning import LightningDataModule
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn

from datamodules.given import Given, GivenData
from datamodules.preparation import prepare
from pipelines.errors import as_value_errors
from pipelines.execute import execute, finished
from pipelines.lock import locked
from pipelines.notebook import composed
from pipelines.prune import check_method
from pipelines.target_check import first_batch
from pipelines.user_code import network_digest
from reporting import Results
from scalegmn.formats import load_state, save_network
from scalegmn.graph import fold_batch_norm

GIVEN = "given.safetensors"
# Methods that train something have an experiment with its settings.
EXPERIMENTS = {
    "scalegmn_eq": "eq_prune_custom",
    "scalegmn_eq_gmp": "eq_prune_custom",
    "scalegmn_mask": "eq_mask_small_cnn",
    "gmp": "baseline_gmp",
    "l1": "baseline_l1",
}
ONE_SHOT = "baseline_magnitude"
REFUSED = {
    "dense": "it prunes nothing",
    "scalegmn_inv": "it needs a predictor: python train.py experiment=inv_prune_small_cnn",
}


@dataclass(frozen=True, eq=False)
class Pruning:
    """What :func:`prune` found.

    Attributes:
        networks: a pruned copy of the network for each sparsity, in evaluation mode on the CPU.
        results: accuracies and sparsities; ``results.pruned`` has a row for each network,
            ``results.dense`` is the network as it was.
    """

    networks: tuple[nn.Module, ...]
    results: Results


def prune(
    net: nn.Module,
    data: LightningDataModule | Sequence[Given],
    *overrides: str,
    method: str = "magnitude",
    sparsity: float | Sequence[float] = 0.9,
    folder: str | Path | None = None,
) -> Pruning:
    """Prune a trained network, fine-tune it, and measure it on test images.

    >>> from pipelines.prune_network import prune
    >>> found = prune(net, (train_set, test_set), method="scalegmn_eq", sparsity=[0.5, 0.9])
    >>> found.networks[0](x)

    It is an experiment like any other, on one device: ``scalegmn_eq`` is ``eq_prune_custom``, and
    others are ``baseline_*``.

    Args:
        net: maps a batch of inputs to logits ``(n, class)``; it is not changed. Frozen parameters
            are pruned and fine-tuned as others.
        data: a data module whose loaders give ``(x, y)``, or ``(train, test)`` or
            ``(train, val, test)``, each a dataset or a loader, see
            :class:`~datamodules.given.GivenData`.
        overrides: of the experiment, as on the command line: ``"finetune.max_epochs=20"``.
        method: a choice of ``conf/pruner``.
        sparsity: fraction of the weights that become zero, one or several.
        folder: for the files of the run. The same call with it continues, or reads what it found;
            other data want another folder. ``None`` for a temporary one.

    Returns:
        The networks and what is known about them.

    Raises:
        ValueError: in one line, if there is no such method, or network, data and overrides do not
            fit.
        BlockingIOError: if another process works in the folder.
    """
    check_method(method)
    if method in REFUSED:
        raise ValueError(f"method={method}: {REFUSED[method]}")
    module = data if isinstance(data, LightningDataModule) else GivenData(data)
    prepare(module)
    module.setup("fit")
    own = deepcopy(net).cpu()
    x = first_batch(module)[0][:1].cpu()
    with TemporaryDirectory() as temporary, as_value_errors():
        run_dir = Path(temporary if folder is None else folder).expanduser()
        cfg = _config(own, module, x, overrides, method, run_dir)
        # Plain numbers, whatever they were.
        cfg.sparsity = np.asarray(sparsity, dtype=float).tolist()
        with locked(run_dir):
            save_network(run_dir / GIVEN, own.state_dict(), {})
            results = finished(cfg) or execute(cfg, data=module, net=own)
        assert results is not None  # It is that of the first process, which is the only one.
        return Pruning(_networks(own, x, cfg, results), results)


def _config(
    net: nn.Module,
    data: LightningDataModule,
    x: Tensor,
    overrides: Sequence[str],
    method: str,
    folder: Path,
) -> DictConfig:
    """The config of the experiment, with what data and network are; ``data`` learns it, too."""
    facts = {
        "name": type(data).__name__,
        "in_channels": x.shape[1],
        "num_classes": _count_classes(net, x),
        "image_size": x.shape[-1],
    }
    for key, value in facts.items():
        if getattr(data, key, None) is None:
            setattr(data, key, value)
    own = [f"data.{key}={getattr(data, key)}" for key in facts]
    experiment = EXPERIMENTS.get(method, ONE_SHOT)
    chosen = [f"experiment={experiment}", "target=custom", "data=custom", f"pruner={method}"]
    of_data = ["data._target_=datamodules.given.GivenData", *own]
    cfg = composed([*chosen, "logger=none", *of_data, *overrides], folder)
    cfg.target.weights = str(folder / GIVEN)
    cfg.target.code = network_digest(net)
    if OmegaConf.select(cfg, "model.image_shape") is not None:
        cfg.model.image_shape = list(x.shape[1:])
    return cfg


def _count_classes(net: nn.Module, x: Tensor) -> int:
    image = f"an image of shape {list(x.shape[1:])} and {x.dtype}"
    try:
        with torch.no_grad():
            logits: object = deepcopy(net).eval()(x)
    except Exception as error:  # of whatever the network is made of
        reason = " ".join(str(error).split())
        raise ValueError(f"net cannot read {image}: {reason}") from error
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        found = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"net maps {image} to {found}, expected logits [1, classes]")
    return logits.shape[-1]


def _networks(
    net: nn.Module, x: Tensor, cfg: DictConfig, results: Results
) -> tuple[nn.Module, ...]:
    plain = fold_batch_norm(net, x) if cfg.fold_batch_norm else net
    networks = []
    for row in results.pruned:
        pruned = deepcopy(plain).eval()
        pruned.load_state_dict(load_state(Path(cfg.paths.run_dir) / str(row.file), pruned))
        networks.append(pruned)
    return tuple(networks)
