"""Which metanetworks can be run so, and the parameters that they have at the moment."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from torch import Tensor, nn

from scalegmn.nn.direction import Forward
from scalegmn.nn.execution.fused.encoding import fused_encoding
from scalegmn.nn.execution.fused.gradients import Places
from scalegmn.nn.execution.fused.layer import fused_layer
from scalegmn.nn.execution.fused.network import FusedNetwork

if TYPE_CHECKING:
    from scalegmn.nn.backbone import Backbone

HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Prepared(NamedTuple):
    """A metanetwork's passes with the parameters that it has at the moment, and their names."""

    network: FusedNetwork
    params: list[Tensor]
    names: list[str]


class Program:
    """A metanetwork's passes, and where its parameters are found.

    Parameters may be replaced, as ``torch.func.functional_call`` does for a while.

    Args:
        backbone: the metanetwork; no reference to it is kept.
    """

    def __init__(self, backbone: "Backbone") -> None:
        modules = dict(backbone.named_modules())
        named = list(backbone.named_parameters())
        self.names = [name for name, _ in named]
        self.slots = [_slot(modules, name) for name in self.names]
        self.links = [(m._modules, name) for m in modules.values() for name in m._modules]
        self.children = self._children()
        self.hooks = [getattr(module, kind) for module in modules.values() for kind in HOOKS]
        self.network = _network(backbone, {p: k for k, (_, p) in enumerate(named)})

    def current(self) -> list[Tensor] | None:
        """The parameters; None where they or the modules are not where they were."""
        if self._children() != self.children:
            return None
        try:
            return [held[name] for held, name in self.slots]
        except KeyError:  # taken away by a parametrization
            return None

    def _children(self) -> list[nn.Module | None]:
        return [held.get(name) for held, name in self.links]


PROGRAMS: WeakKeyDictionary[nn.Module, Program] = WeakKeyDictionary()


def prepared(backbone: "Backbone") -> Prepared | None:
    """A metanetwork's passes; None where they are not written out.

    Dropout that is active is not, and neither is what a hook watches.
    """
    known = PROGRAMS.get(backbone)
    params = None if known is None else known.current()
    if known is None or params is None:
        known = PROGRAMS[backbone] = Program(backbone)
        params = known.current()
    if known.network is None or params is None or any(known.hooks) or _drops(backbone.dropout):
        return None
    return Prepared(known.network, params, known.names)


def _slot(modules: Mapping[str, nn.Module], name: str) -> tuple[dict[str, Any], str]:
    owner, _, own = name.rpartition(".")
    return modules[owner]._parameters, own


def _network(backbone: "Backbone", at: Places) -> FusedNetwork | None:
    inits = backbone.init_nodes, backbone.init_edges
    if any(type(init) is not nn.Linear or init.bias is not None for init in inits):
        return None
    if type(backbone.arch.direction) is not Forward or backbone.encode_edges is not None:
        return None
    encoding = fused_encoding(backbone.encode_nodes, at)
    first = at[backbone.init_edges.weight]
    layers = [fused_layer(m, at, None if k else first) for k, m in enumerate(backbone.layers)]
    known = [layer for layer in layers if layer is not None]
    if encoding is None or len(known) < len(layers):
        return None
    return FusedNetwork(at[backbone.init_nodes.weight], encoding, known)


def _drops(dropout: nn.Dropout) -> bool:
    return dropout.training and dropout.p > 0
