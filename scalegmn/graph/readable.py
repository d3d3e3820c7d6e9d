"""Refuse modules whose parameters are not tensors of their own."""

from torch import nn
from torch.jit import ScriptModule
from torch.nn.parameter import is_lazy

from scalegmn.graph.fold import NORMS


def refuse_unreadable(module: nn.Module) -> None:
    """Check what can be seen without running a module.

    Raises:
        ValueError: names the layer that is compiled, lazy or tied, and what to do.
    """
    for name, part in module.named_modules():
        label = f"{name} ({type(part).__name__})" if name else type(part).__name__
        if hasattr(part, "_orig_mod"):
            raise ValueError(f"{label}: is compiled; pass its _orig_mod, the module before")
        if isinstance(part, ScriptModule):
            raise ValueError(f"{label}: is scripted; pass the module that it was made from")
        if any(is_lazy(p) for p in part.parameters(recurse=False)):
            raise ValueError(f"{label}: has no weights yet; run the module on an input first")
    _refuse_ties(module)


def refuse_plain_norms(module: nn.Module) -> None:
    """Check that a network's parameters are distinct from those after folding.

    Raises:
        ValueError: names a normalisation without parameters.
    """
    for name, part in module.named_modules():
        if isinstance(part, NORMS) and part.weight is None:
            raise ValueError(
                f"{name} ({type(part).__name__}): has no parameters, so that the network's cannot "
                "be distinguished from folded ones; read the graph of fold_batch_norm(module)"
            )


def _refuse_ties(module: nn.Module) -> None:
    owners: dict[int, str] = {}
    for path, part in module.named_modules():
        for own, parameter in part.named_parameters(recurse=False):
            name = f"{path}.{own}" if path else own
            # Tensors on the meta device and empty ones have no memory.
            address = parameter.data_ptr() or id(parameter)
            if address in owners:
                raise ValueError(
                    f"{owners[address]} and {name} are tied (they share memory); a graph has "
                    "single weights: give one of them a copy"
                )
            owners[address] = name
