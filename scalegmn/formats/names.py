"""Find a network's tensors under the names that wrappers and owners give them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

# Left by DataParallel (also around a part of the network only) and torch.compile.
WRAPPERS = {"module", "_orig_mod"}
# A counter beside the network in torch.optim.swa_utils.AveragedModel.
COUNTERS = {"n_averaged"}
# Usual names of a network in a checkpoint or in the module that trains it.
USUAL = {
    *("", "state_dict", "model_state_dict", "model_state", "state", "weights", "params"),
    *("model", "net", "network", "target"),
}

# State dicts, each with the key under which a file holds it.
States = list[tuple[str, dict[str, Tensor]]]


@dataclass(frozen=True)
class Candidate:
    """Tensors that may be the network's.

    Attributes:
        owner: key or prefix under which they stand.
        tensors: by the names that they have there.
    """

    owner: str
    tensors: dict[str, Tensor]

    def matches(self, expected: Mapping[str, Tensor]) -> int:
        """The number of tensors that have an expected name."""
        return len(self.tensors.keys() & expected.keys())

    @property
    def rank(self) -> int:
        """Order among candidates that match equally: usual owners, others, moving averages."""
        parts = [part for part in self.owner.split(".") if part not in WRAPPERS]
        if any("ema" in part or "avg" in part or "average" in part for part in parts):
            return 2
        return 0 if set(parts) <= USUAL else 1


def best_match(states: States, expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names fit a network's best, without their siblings.

    Args:
        states: at least one.
        expected: tensors by the network's own names.

    Raises:
        ValueError: no name fits, or several networks fit equally.
    """
    candidates = [
        candidate for key, state in states for candidate in _by_prefix(key, state, expected)
    ]
    order = sorted(candidates, key=lambda c: (-c.matches(expected), c.rank))
    first = order[0]
    if not first.matches(expected):
        found = (f"{key}.{name}" if key else name for key, state in states for name in state)
        raise ValueError(
            f"holds no tensor of this network; found {join_names(found)}, expected "
            f"{join_names(expected)}"
        )
    for other in order[1:]:
        equal = other.rank == first.rank and other.matches(expected) == first.matches(expected)
        if equal and not _same(first.tensors, other.tensors, expected):
            raise ValueError(
                f"holds two networks that fit, {first.owner!r} and {other.owner!r}; save the one "
                "that is meant"
            )
    return first.tensors


def _same(one: Mapping[str, Tensor], two: Mapping[str, Tensor], names: Iterable[str]) -> bool:
    """Whether tensors of these names are equal: one network may be saved under two names."""
    found = [name for name in names if name in one or name in two]
    return all(n in one and n in two and torch.equal(one[n], two[n]) for n in found)


def join_names(names: Iterable[str], most: int = 3) -> str:
    """The first names and the number of the others, for messages."""
    first = list(names)
    more = f" and {len(first) - most} more" if len(first) > most else ""
    return ", ".join(first[:most]) + more


def _by_prefix(
    key: str, state: Mapping[str, Tensor], expected: Mapping[str, Tensor]
) -> list[Candidate]:
    plain = {
        name if name in expected else _without_wrappers(name): tensor
        for name, tensor in _apply_masks(state, expected).items()
        if name not in COUNTERS
    }
    prefixes = dict.fromkeys(["", *(p for name in plain for p in _prefixes(name, expected))])
    candidates = []
    for prefix in prefixes:
        owner = ".".join(part for part in (key, prefix.rstrip(".")) if part)
        own = {n.removeprefix(prefix): t for n, t in plain.items() if n.startswith(prefix)}
        candidates.append(Candidate(owner, own))
    return candidates


def _without_wrappers(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _prefixes(name: str, expected: Mapping[str, Tensor]) -> list[str]:
    """Prefixes of a name that leave an expected name."""
    parts = name.split(".")
    cuts = range(1, len(parts))
    return [".".join(parts[:k]) + "." for k in cuts if ".".join(parts[k:]) in expected]


def _apply_masks(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights times masks where torch.nn.utils.prune has left them apart."""
    if any(name.endswith("_mask") for name in expected):
        return dict(state)
    tensors = dict(state)
    for name in state:
        base = name.removesuffix("_orig")
        mask = state.get(f"{base}_mask")
        if base != name and mask is not None and mask.shape == state[name].shape:
            del tensors[name], tensors[f"{base}_mask"]
            tensors[base] = state[name] * mask.to(state[name].dtype)
    return tensors
