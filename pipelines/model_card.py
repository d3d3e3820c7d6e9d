"""Gather the facts of a model card, and write it beside the exported network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from pipelines.data import build_data
from pipelines.exported_network import ExportedNetwork
from pipelines.tensor_hash import tensor_hash
from reporting.model_card import Exported, model_card
from reporting.provenance import provenance
from scalegmn.formats import atomic_path, read_metadata
from scalegmn.pruning import SparsityCount

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
    state = exported.before.state_dict()
    count = SparsityCount.of(state)
    origin = provenance(Path(cfg.file), nonzero=count.nonzero, digest=tensor_hash(state))
    about = read_metadata(cfg.file)
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
