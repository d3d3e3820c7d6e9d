"""Write a model card: what a network is, how it was made, and what is not known about it.

Reference: Mitchell et al., *Model Cards for Model Reporting*, 2019, arXiv:1810.03993; the front
matter is that of Hugging Face's hub.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import yaml

from reporting.commands import command_of
from reporting.provenance import Provenance
from reporting.rows import DenseRow, PrunedRow

LIBRARIES = {"onnx": "onnx", "torch": "pytorch", "safetensors": "pytorch", "sparse": "pytorch"}
NOT_KNOWN = "missing"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """An exported network.

    Args:
        name: of the network.
        file: of the export.
        format: of this file.
        target: the architecture.
        network: the class or function that makes it.
        metadata: of the file that was exported.
        parameters: weights and biases of the export.
        nonzero: those that are not zero.
        weight_sparsity: fraction of zeros among the weights, before channels were removed.
        macs: multiply-accumulates for one image.
        removed: outputs of the layers that lost channels, before and after.
        images: shape of an image.
        mean: of each channel, which is subtracted from pixels in [0, 1]; ``None`` if not known.
        std: what they are divided by then.
        difference: largest, between the outputs of export and network, relative to the largest.
        licence: ``None`` if nobody gave one.
    """

    name: str
    file: str
    format: str
    target: str
    network: str
    metadata: Mapping[str, str]
    parameters: int
    nonzero: int
    weight_sparsity: float
    macs: int
    removed: Mapping[str, Sequence[int]]
    images: Sequence[int]
    mean: Sequence[float] | None
    std: Sequence[float] | None
    difference: float
    licence: str | None


def model_card(exported: Exported, origin: Provenance) -> str:
    """The card as Markdown with front matter; facts that are not known are said to be missing."""
    matter = yaml.safe_dump(_front_matter(exported, origin), sort_keys=False, allow_unicode=True)
    sections = {
        "Network": _network(exported),
        "How it was made": _method(exported, origin),
        "Data": _data(exported, origin),
        "Accuracy": _accuracy(exported, origin),
        "Licence": {"licence": exported.licence or f"unknown: none was given ({NOT_KNOWN})"},
    }
    parts = [f"---\n{matter}---", f"# {_plain(exported.name)}"]
    for title, facts in sections.items():
        lines = (f"* **{name}**: {_plain(value)}" for name, value in facts.items())
        parts += [f"## {title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _front_matter(exported: Exported, origin: Provenance) -> dict[str, Any]:
    dataset, method = _dataset(exported, origin), _method_name(exported, origin)
    matter = {
        "license": exported.licence or "unknown",
        "library_name": LIBRARIES.get(exported.format, exported.format),
        "pipeline_tag": "image-classification",
        "tags": [tag for tag in ("pruning", exported.target, method) if tag],
        "datasets": [dataset] if dataset else [],
        "metrics": ["accuracy"],
    }
    if origin.row is None or dataset is None:
        return matter
    result = {
        "task": {"type": "image-classification"},
        "dataset": {"type": dataset, "name": dataset, "split": "test"},
        "metrics": [{"type": "accuracy", "value": round(origin.row.test_acc, 4)}],
    }
    return {**matter, "model-index": [{"name": exported.name, "results": [result]}]}


def _network(exported: Exported) -> dict[str, str]:
    dense = 1 - exported.nonzero / exported.parameters
    removed = ", ".join(f"{name} {old} to {new}" for name, (old, new) in exported.removed.items())
    normalised = (
        f"pixels in [0, 1], less {list(exported.mean)}, over {list(exported.std)} of each channel"
        if exported.mean is not None and exported.std is not None
        else f"{NOT_KNOWN}: the data do not say how pixels are scaled"
    )
    shape = " x ".join(map(str, exported.images))
    return {
        "file": f"{exported.file} ({exported.format}; architecture.json describes the layers)",
        "architecture": f"{exported.target}, made by {exported.network}",
        "input": f"images, float32 [batch, {', '.join(map(str, exported.images))}] ({shape})",
        "scale of the input": normalised,
        "output": "logits, float32 [batch, classes]",
        "parameters": f"{exported.parameters:,}, {exported.nonzero:,} of them not zero "
        f"({100 * dense:.2f} % zeros)",
        "multiply-accumulates for one image": f"{exported.macs:,}",
        "removed channels": removed or "none",
        "check": "outputs equal those of the network before the export to "
        f"{exported.difference:.1e} of the largest output, on random images",
    }


def _method(exported: Exported, origin: Provenance) -> dict[str, str]:
    run, row, about = origin.run, origin.row, exported.metadata
    facts = {
        "method": _method_name(exported, origin) or _missing(origin),
        "sparsity": f"{100 * exported.weight_sparsity:.2f} % of the weights are zero before "
        "channels were removed, counted in the file",
        "experiment": run.results.experiment if run else about.get("experiment", _missing(origin)),
        "command": (command_of(run) if run else "")
        or f"{NOT_KNOWN}: {origin.missing or 'its folder has no .hydra/overrides.yaml'}",
        "seeds": f"{run.results.seed}: one run, so how much chance matters is not known"
        if run
        else _missing(origin),
    }
    if isinstance(row, PrunedRow):
        rate = f"{row.finetune_epochs} epochs, learning rate {row.finetune_lr}"
        facts["fine-tuning"] = rate if row.finetune_epochs is not None else NOT_KNOWN
    return facts


def _data(exported: Exported, origin: Provenance) -> dict[str, str]:
    results = origin.run.results if origin.run else None
    saw = {True: "yes: its validation accuracy is too high", False: "no"}
    dense = results.dense if results else None
    return {
        "dataset": _dataset(exported, origin) or _missing(origin),
        "note on the images": (results.data_note or "none") if results else _missing(origin),
        "trained on validation images": NOT_KNOWN
        if dense is None or dense.saw_validation is None
        else saw[dense.saw_validation],
    }


def _accuracy(exported: Exported, origin: Provenance) -> dict[str, str]:
    row, run = origin.row, origin.run
    if row is None or run is None:
        return {"test accuracy": _missing(origin)}
    facts = {"test accuracy": f"{_percent(row.test_acc)}, of the network before the export"}
    if run.results.debug:
        facts["warning"] = "a run on some batches only, whose numbers mean nothing"
    if row.val_acc is not None:
        facts["validation accuracy"] = _percent(row.val_acc)
    if not isinstance(row, DenseRow) and run.results.dense is not None:
        facts["test accuracy of the dense network"] = _percent(run.results.dense.test_acc)
    return facts


def _method_name(exported: Exported, origin: Provenance) -> str | None:
    if isinstance(origin.row, DenseRow):
        return "dense"
    if origin.run is not None and origin.row is not None:
        return origin.row.method or origin.run.results.method
    return exported.metadata.get("method")


def _dataset(exported: Exported, origin: Provenance) -> str | None:
    return origin.run.results.dataset if origin.run else exported.metadata.get("dataset")


def _missing(origin: Provenance) -> str:
    return f"{NOT_KNOWN}: {origin.missing}"


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.2f} %"


def _plain(text: str) -> str:
    """Text in one line that no reader takes for markup: some of it comes from files."""
    return re.sub(r"([\\`*_\[\]|#])", r"\\\1", escape(" ".join(text.split()), quote=False))
