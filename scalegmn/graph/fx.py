"""``torch.fx`` tracing with our own activations as leaves."""

from torch import fx, nn

from scalegmn.targets.sine import Sine


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, Sine) or super().is_leaf_module(m, module_qualified_name)


def traced(module: nn.Module) -> fx.GraphModule:
    """The module as a graph of calls.

    Raises:
        ValueError: the module's Python code depends on its input and cannot be traced.
    """
    try:
        return fx.GraphModule(module, _Tracer().trace(module))
    except (fx.proxy.TraceError, TypeError) as error:
        raise ValueError(
            f"{type(module).__name__}: torch.fx cannot trace it ({error}); "
            "its forward must not branch on tensor values"
        ) from error
