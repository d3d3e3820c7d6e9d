"""The names that wrappers give to a network's tensors."""

from collections.abc import Mapping

from torch import Tensor

# Left by DataParallel (also around a part of the network only) and torch.compile.
WRAPPERS = {"module", "_orig_mod"}
# The attribute that holds the network in a LightningModule; none comes first.
OWNERS = ("", "net.", "target.")


def unwrapped(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names the network itself gives them.

    Of the possible owners, the one whose names fit best; its siblings are left out.
    """
    plain = {name if name in expected else _plain(name): t for name, t in state.items()}
    candidates = [_owned_by(owner, plain) for owner in OWNERS]
    return max(candidates, key=lambda candidate: len(candidate.keys() & expected.keys()))


def _plain(name: str) -> str:
    return ".".join(part for part in name.split(".") if part not in WRAPPERS)


def _owned_by(owner: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(owner): t for name, t in state.items() if name.startswith(owner)}
