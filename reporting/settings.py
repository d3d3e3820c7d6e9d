"""Settings of runs: what tells one run from another, in full and as a short label."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reporting.schema import ProtocolValue

Settings = dict[str, ProtocolValue]

# Facts about a run that are no settings: a seed is what is averaged over, the others have columns.
NO_SETTING = {"seed", "sparsity", "method", "guard.method", "name", "experiment"}
# What the dense network and its data are; other values make another section of a table.
OF_NETWORK = ("target.", "dense.", "data.")
OF_METHOD_TOO = ("data.batch_size", "data.augment")
# A method's own settings: they differ between methods anyway.
OWN = ("pruner.", "optimizer.", "scheduler.", "architecture.", "model.", "trainer.max_epochs")
# Of one method with several guards each guard has settings of its own, like a method.
GUARD, UNGUARDED = "guard._target_", "Unguarded"
# What stands for the settings of files that did not record any.
UNRECORDED = "experiment"
RUN = "run"
# Last words of keys that say nothing by themselves.
VAGUE = {"lr", "epochs", "max_epochs", "patience", "name", "weight", "folder"}
# Settings whose value speaks for itself.
VALUE_ONLY = {"allocate", "gauge", "setting", "precision", RUN, UNRECORDED}
# Settings that have a name of their own in the paper.
NAMES = {
    "model.l1_weight": "λ",
    "pruner.l1_weight": "λ",
    "architecture.kind._target_": "symmetry",
}
# Settings that are there or not, whatever their class.
THERE = {"distill": "distilled"}
# The most settings that a label spells out.
MOST = 6
PATH_OF_CLASS = re.compile(r"([a-z_]\w*\.)+\w+")


def canonical(settings: Mapping[str, Any]) -> str:
    """The same text for equal settings, also where one has 1 and the other 1.0."""
    return json.dumps({key: _number(value) for key, value in settings.items()}, sort_keys=True)


def of_network(key: str) -> bool:
    """True for settings of the dense network or its data."""
    return key.startswith(OF_NETWORK) and key not in OF_METHOD_TOO


def is_setting(key: str) -> bool:
    """True for keys whose values make runs different rows of a table."""
    return key not in NO_SETTING and key.rpartition(".")[2] != "seed"


def labels(variants: Sequence[tuple[str, Settings]]) -> list[str]:
    """A short text for each variant: its settings that are not the usual ones.

    Args:
        variants: methods and their settings. What is missing in one of two variants of a method
            differs, too; a method's own settings are compared with those of the same method only.
    """
    methods = [method for method, _ in variants]
    variants = [(kind(method, settings), settings) for method, settings in variants]
    by_method = _by_method(variants)
    usual = usual_settings(variants)
    across = keys_between_methods(s for _, s in variants)
    shown = {
        m: across | _keys_that_differ(s) | _keys_absent_in_some(s) for m, s in by_method.items()
    }
    names = short_names(set().union(*shown.values()))
    found = []
    for plain, (method, settings) in zip(methods, variants, strict=True):
        own = usual[method]
        keys = [
            key
            for key in sorted(shown[method] & settings.keys(), key=_place)
            if key not in own or not _equal(key, settings, own)
        ]
        texts = [describe(names[key], settings[key], plain) for key in keys]
        if method != plain:
            texts.insert(0, method.removeprefix(plain).strip())
        more = len(texts) - MOST
        found.append(", ".join(texts[:MOST] + [f"{more} more"] * (more > 0)))
    return _distinct(variants, found, shown)


def kind(method: str, settings: Settings) -> str:
    """A method, with the name of the guard that it has, if any."""
    guard = plain_text(settings.get(GUARD) or UNGUARDED)
    return method if guard == UNGUARDED or method.endswith(guard) else f"{method} {guard}"


def usual_settings(variants: Sequence[tuple[str, Settings]]) -> dict[str, Settings]:
    """By :func:`kind`, the values that most variants have, of settings that differ.

    A gauge is never usual, nor is a value that no majority has, nor a setting that some variant of
    the method lacks. A method's own settings are counted among its own variants.
    """
    by_method = _by_method((kind(method, settings), settings) for method, settings in variants)
    every = [settings for _, settings in variants]
    across = keys_between_methods(every)
    found = {}
    for method, of_method in by_method.items():
        partial = _keys_absent_in_some(of_method)
        keys = (across | _keys_that_differ(of_method)) & of_method[0].keys() - partial
        counted = {key: every if key in across else of_method for key in keys - {UNRECORDED, RUN}}
        values = {key: _majority(key, among) for key, among in counted.items()}
        found[method] = {
            key: value[0] for key, value in values.items() if value and not key.endswith(".gauge")
        }
    return found


def _by_method(variants: Iterable[tuple[str, Settings]]) -> dict[str, list[Settings]]:
    found: dict[str, list[Settings]] = defaultdict(list)
    for method, settings in variants:
        found[method].append(settings)
    return found


def _majority(key: str, among: Sequence[Settings]) -> list[ProtocolValue]:
    """The value that more have than any other; empty if there is none."""
    values = {
        canonical({key: settings[key]}): settings[key] for settings in among if key in settings
    }
    counts = Counter(canonical({key: s[key]}) for s in among if key in s).most_common(2)
    if len(counts) > 1 and counts[0][1] == counts[1][1]:
        return []
    return [values[counts[0][0]]]


def _equal(key: str, one: Settings, other: Settings) -> bool:
    return canonical({key: one[key]}) == canonical({key: other[key]})


def _place(key: str) -> tuple[bool, str]:
    """The gauge comes first, the others by name."""
    return not key.endswith(".gauge"), key


def keys_between_methods(variants: Iterable[Settings]) -> set[str]:
    """The keys with several values that are compared between methods, too."""
    return {
        key
        for key in _keys_that_differ(variants) - {UNRECORDED, RUN}
        if not key.startswith((*OWN, "guard.")) or key.endswith(".gauge")
    }


def shared_settings(variants: Sequence[Settings]) -> Settings:
    """The settings that all variants have in common, of those that recorded any."""
    recorded = [settings for settings in variants if UNRECORDED not in settings]
    if not recorded:
        return {}
    differing = _keys_that_differ(recorded) | _keys_absent_in_some(recorded)
    return {key: value for key, value in recorded[0].items() if key not in differing}


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last word of each key; the last two where one is vague or not unique."""
    plain = {key: key.removesuffix("._target_") for key in keys}
    last = [key.rpartition(".")[2] for key in plain.values()]
    names = {
        key: " ".join(plain[key].split(".")[-2:])
        if word in VAGUE or last.count(word) > 1
        else word.replace("_", " ")
        for key, word in zip(plain, last, strict=True)
    }
    return {key: NAMES.get(key, name) for key, name in names.items()}


def plain_text(value: object) -> str:
    """A value as text; of a class, its name without the modules."""
    text = str(value)
    return text.rpartition(".")[2] if PATH_OF_CLASS.fullmatch(text) else text


def describe(name: str, value: ProtocolValue, method: str = "") -> str:
    """A setting in a few words, such as ``operator lr 0.0001`` or ``no preserve size``."""
    if name == "optimizer lr" and method == "scalegmn_eq":
        name = "operator lr"
    name = {"finetune lr": "fine-tuning rates"}.get(name, name)
    if value is None or isinstance(value, bool):
        return name if value else f"no {name}"
    if name in THERE:
        return THERE[name]
    values = value if isinstance(value, list) else [value]
    text = ", ".join(_plain(entry) for entry in values)
    return text if name.split()[-1] in VALUE_ONLY else f"{name} {text}"


def _distinct(
    variants: Sequence[tuple[str, Settings]], short: Sequence[str], shown: Mapping[str, set[str]]
) -> list[str]:
    """The same labels, with full keys and values where other settings would have the same one."""
    full = [
        canonical({key: settings[key] for key in shown[method] & settings.keys()})
        for method, settings in variants
    ]
    meant = defaultdict(set)
    for (method, _), label, text in zip(variants, short, full, strict=True):
        meant[method, label].add(text)
    return [
        text if len(meant[method, label]) > 1 else label
        for (method, _), label, text in zip(variants, short, full, strict=True)
    ]


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return plain_text(value)


def _keys_that_differ(variants: Iterable[Settings]) -> set[str]:
    values = defaultdict(set)
    for settings in variants:
        for key, value in settings.items():
            values[key].add(canonical({key: value}))
    return {key for key, found in values.items() if len(found) > 1}


def _keys_absent_in_some(variants: Sequence[Settings]) -> set[str]:
    recorded = [settings for settings in variants if UNRECORDED not in settings]
    keys = set().union(*(settings.keys() for settings in recorded))
    absent = {key for key in keys if any(key not in settings for settings in recorded)}
    # A run that recorded nothing is distinguished from those that did by its name.
    return absent | ({UNRECORDED} if 0 < len(recorded) < len(variants) else set())


def _number(value: Any) -> Any:
    if isinstance(value, list):
        return [_number(entry) for entry in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
