"""The README of a zoo, written beside it."""

import json
from collections.abc import Mapping

import pandas as pd

from scalegmn.zoo.record import ZooRecord

MEANINGS = {
    "modeldir": "the run: rows of one network share it",
    "step": "epochs of training when the row was saved",
    "test_accuracy": "fraction of the test images",
    "test_loss": "cross-entropy on them",
    "train_accuracy": "fraction of the training images that this network saw, without dropout",
    "train_loss": "cross-entropy on them",
    "val_accuracy": "fraction of the validation images, which no network saw",
    "val_loss": "cross-entropy on them",
    "config.base_row": "row of the base zoo that was pruned",
    "config.base_modeldir": "its run",
    "config.base_step": "its epoch",
    "config.criterion": "which weights were pruned",
    "config.sparsity": "fraction of weights that are zero",
    "config.finetune_epoch": "epochs of fine-tuning when the row was saved",
    "config.l2reg": "weight of the sum of squared weights in the loss",
    "config.init_std": "of RandomNormal and TruncatedNormal",
    "config.random_seed": "of initial weights, choice and order of images, and dropout",
    "config.train_fraction": "of the training images",
}


# Of pruned networks whose base zoo does not say which images it was trained on.
SEEN_PERHAPS = {
    "val_accuracy": "fraction of the validation images, which fine-tuning did not see; it is not "
    "recorded whether the base network did",
}


def zoo_card(table: pd.DataFrame, record: ZooRecord) -> str:
    """The README of a zoo."""
    recipe = record.recipe
    return card(
        f"A zoo of small CNNs on {recipe['dataset']['name']}",
        f"{record.networks:,} networks in the layout of the Small CNN Zoo (Unterthiner et al., "
        "2020, arXiv:2002.11448), made with `python train.py experiment=build_zoo`: each with "
        f"its own hyper-parameters, trained for {recipe['checkpoints'][-1]} epochs of batches of "
        f"{recipe['batch_size']} images (an incomplete last batch is dropped) and saved at the "
        f"epochs {listed(recipe['checkpoints'])}. Optimizers have the defaults of Keras, and "
        "losses here are without the l2 term.",
        table,
        record,
    )


def pruned_zoo_card(table: pd.DataFrame, record: ZooRecord) -> str:
    """The README of a pruned zoo."""
    recipe = record.recipe
    l1 = f"after {recipe['l1_epochs']} epochs with an L1 penalty of {recipe['l1_weight']:g}"
    criteria = {
        "magnitude": "`magnitude` (the smallest)",
        "random": "`random`",
        "l1": f"`l1` (the smallest {l1} per absolute weight)",
    }
    lower, upper = (f"{100 * end:g}" for end in recipe["sparsity"])
    return card(
        f"Pruned small CNNs on {recipe['dataset']['name']}",
        f"{record.networks:,} networks drawn with replacement from the zoo `{recipe['base']}` "
        f"(step: {recipe['base_step']}, activation: {recipe['activation'] or 'any'}), made with "
        f"`python train.py experiment=build_pruned_zoo`: of each, {lower} to {upper} % of the "
        "weights of all layers together and no biases, by a criterion drawn from "
        f"{', '.join(criteria[c] for c in recipe['criteria'])}, were set to zero and kept zero in "
        f"fine-tuning with {recipe['optimizer']}, learning rate {recipe['learning_rate']}, "
        f"in batches of {recipe['batch_size']} images from a fraction {recipe['train_fraction']} "
        "of the training images, with the base network's own dropout and no l2 term. Records are "
        f"of the epochs {listed(recipe['checkpoints'])} of fine-tuning; 0 is right after pruning. "
        "A record belongs to the split of its base network, `config.base_row`: split the base zoo, "
        "or relatives are in two splits. Other `config` columns tell how the base network was "
        "trained.",
        table,
        record,
        SEEN_PERHAPS if recipe["base_images"] == "not recorded" else {},
    )


def card(
    title: str,
    text: str,
    table: pd.DataFrame,
    record: ZooRecord,
    own_meanings: Mapping[str, str] | None = None,
) -> str:
    """The README of any zoo, below a title and a text."""
    meanings = MEANINGS | dict(own_meanings or {})
    rows = [f"| `{c}` | {_range(table[c])} | {meanings.get(str(c), '')} |" for c in table]
    lines = [
        f"# {title}",
        "",
        text,
        "",
        f"* `weights.npy`: {len(table):,} rows, grouped by network; `layout.csv` says which",
        "  columns are which variable, in TensorFlow's order of axes.",
        "* `metrics.csv.gz`: one line per row.",
        f"* Left out because a weight was not finite: {record.diverged} networks.",
        f"* Training and evaluation took {record.seconds:,} s on {record.device}.",
        "",
        "## Columns",
        "",
        "| column | values | meaning |",
        "| --- | --- | --- |",
        *rows,
        "",
        "## Recipe",
        "",
        "The same recipe gives the same zoo on the same device:",
        "",
        f"```json\n{json.dumps(record.recipe, indent=2)}\n```",
    ]
    return "\n".join(lines) + "\n"


def _range(column: pd.Series) -> str:
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 8:
        return f"{column.min():.6g} to {column.max():.6g}, median {column.median():.4g}"
    values = sorted(column.unique())
    shown = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
    return ", ".join(shown) if len(shown) <= 8 else f"{len(shown):,} different, such as {shown[0]}"


def listed(epochs: list[int]) -> str:
    """Epochs in a sentence."""
    return ", ".join(map(str, epochs))
