"""Gather the facts of a model card, and write it beside the exported network."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from pipelines.data import build_data
from pipelines.exported_network import ExportedNetwork
from pipelines.tensor_hash import tensor_hash
from reporting.model_card import Exported, model_card
from reporting.provenance import Provenance, provenance
from scalegmn.formats import atomic_path, read_metadata
from scalegmn.graph import fold_batch_norm
from scalegmn.graph.fold import has_batch_norm
from scalegmn.pruning import SparsityCount

log = logging.getLogger(__name__)

FILE = "README.md"


def write_model_card(
    cfg: DictConfig, folder: Path, exported: ExportedNetwork, record: Mapping[str, Any]
) -> None:
    """Write the model card of an exported network.

    Args:
        cfg: of the export.
        folder: of its files.
        exported: the network.
        record: of ``export.json``.
    """
    count = SparsityCount.of_network(exported.before)
    about = read_metadata(cfg.file)
    origin = provenance(Path(cfg.file), nonzero=count.nonzero, digests=_digests(exported))
    if (named := _other_factory(about, cfg.target.net.get("factory"))) is not None:
        origin = Provenance(missing=f"the file names {named} as what makes its network")
        log.warning("%s: %s, and %s was given", cfg.file, origin.missing, cfg.target.net.factory)
    # The images of a file that does not name them are not known.
    data = build_data(cfg.data) if origin.run or "dataset" in about else None
    facts = Exported(
        name=Path(cfg.file).stem,
        file=record["exported"],
        format=record["format"],
        target=record["target"],
        network=cfg.target.net.get("factory") or cfg.target.net._target_,
        metadata=about,
        parameters=record["after"]["parameters"],
        nonzero=record["after"]["nonzero"],
        weight_sparsity=count.weight_sparsity,
        macs=record["after"]["macs"],
        removed=record["removed_channels"],
        images=tuple(exported.example.shape[1:]),
        mean=getattr(data, "mean", None),
        std=getattr(data, "std", None),
        difference=record["largest_difference"],
        licence=cfg.licence,
    )
    with atomic_path(folder / FILE) as temporary:
        temporary.write_text(model_card(facts, origin), encoding="utf-8")


def _digests(exported: ExportedNetwork) -> set[str]:
    """Hashes of a network as it is, and as runs measure it that fold its normalisation."""
    net = exported.before
    folded = [fold_batch_norm(net, exported.example)] if has_batch_norm(net) else []
    return {tensor_hash(each.state_dict()) for each in [net, *folded]}


def _other_factory(about: Mapping[str, str], given: str | None) -> str | None:
    """The function that a file names, if another one was given; folders do not count."""
    try:
        named = json.loads(about.get("network", "{}")).get("factory")
    except (ValueError, AttributeError):
        return None
    other = None not in (named, given) and Path(str(named)).name != Path(str(given)).name
    return str(named) if other else None
