"""Operations between a layer's weights and the next, and the factors that each commutes with.

Operations are known by name: ``relu`` stands for ``nn.ReLU``, ``F.relu``, ``torch.relu``,
``x.relu()`` and ``x.relu_()``.
"""

from collections.abc import Callable
from typing import Any

from scalegmn.graph.groups import ANY_FACTOR, NO_FACTOR, POSITIVE, SIGN, Freedom
from scalegmn.graph.recording import Call

# The same function of every entry.
ELEMENTWISE: dict[str, Freedom] = {
    **dict.fromkeys(("clone", "contiguous", "detach", "data", "requires_grad"), ANY_FACTOR),
    **dict.fromkeys(("to", "type", "type_as", "cpu", "cuda"), ANY_FACTOR),
    **dict.fromkeys(("float", "double", "half", "bfloat16", "neg"), ANY_FACTOR),
    **dict.fromkeys(("relu", "leaky_relu", "abs"), POSITIVE),
    **dict.fromkeys(("tanh", "sin", "softsign", "tanhshrink", "softshrink", "hardshrink"), SIGN),
    **dict.fromkeys(("arctan", "atan", "asinh", "sinh", "tan", "erf", "sign"), SIGN),
    **dict.fromkeys(("gelu", "silu", "elu", "celu", "selu", "mish", "hardswish"), NO_FACTOR),
    **dict.fromkeys(("sigmoid", "hardsigmoid", "log_sigmoid", "logsigmoid"), NO_FACTOR),
    **dict.fromkeys(
        ("softplus", "exp", "expm1", "cos", "cosh", "square", "sqrt", "log", "log1p"), NO_FACTOR
    ),
}
# Random while training, identities or leaky in evaluation.
DROPOUTS: dict[str, Freedom] = {
    **dict.fromkeys(("dropout", "dropout1d", "dropout2d", "dropout3d"), ANY_FACTOR),
    **dict.fromkeys(("alpha_dropout", "feature_alpha_dropout", "feature_dropout"), ANY_FACTOR),
    "rrelu": POSITIVE,
}
# Over the last axes of a batch of maps: the number of these axes stands in the name.
POOLS: dict[str, Freedom] = {
    f"{kind}_pool{d}d": freedom
    for kind, freedom in {
        "avg": ANY_FACTOR,
        "adaptive_avg": ANY_FACTOR,
        "max": POSITIVE,
        "adaptive_max": POSITIVE,
    }.items()
    for d in (1, 2, 3)
}
# Over the axes that the argument ``dim`` names.
REDUCTIONS: dict[str, Freedom] = {
    **dict.fromkeys(("mean", "sum"), ANY_FACTOR),
    **dict.fromkeys(("amax", "amin", "max", "min"), POSITIVE),
}
# These move entries and change none.
LAYOUTS = {
    *("flatten", "unflatten", "view", "reshape", "view_as", "reshape_as", "ravel"),
    *("squeeze", "unsqueeze", "permute", "transpose", "swapaxes", "swapdims", "movedim"),
    *("moveaxis", "t", "T", "mT", "__getitem__", "select", "narrow", "flip", "roll"),
    *("expand", "expand_as", "repeat", "tile", "split", "chunk", "unbind"),
}
CONCATENATIONS = {"cat", "concat", "concatenate"}
SOFTMAXES = {"softmax", "log_softmax", "softmin"}
# Of tensors and numbers.
SUMS = {"add", "sub", "subtract", "rsub", "__rsub__", "__iadd__", "__isub__"}
PRODUCTS = {"mul", "multiply", "div", "divide", "true_divide", "__imul__", "__itruediv__"}
EXTREMES = {"maximum", "minimum"}
# Read the second tensor's shape or type only.
SHAPES_OF_OTHERS = {"view_as", "reshape_as", "expand_as", "type_as"}
# The result is no tensor, but depends on the values of one.
VALUE_READS = {
    *("__bool__", "__int__", "__float__", "__index__", "__complex__", "__array__", "__contains__"),
    *("item", "tolist", "numpy", "is_nonzero", "equal", "allclose"),
}


def elementwise_freedom(call: Call) -> Freedom:
    """The factors that a known function of single entries commutes with.

    Raises:
        ValueError: the function is random in evaluation mode.
    """
    if call.name in DROPOUTS:
        return _dropout(call)
    if call.name in ELEMENTWISE:
        return ELEMENTWISE[call.name]
    return BY_ARGUMENTS[call.name](call)


def _dropout(call: Call) -> Freedom:
    if call.name == "rrelu":
        training = call.argument(3, "training", False)
    else:
        training = call.argument(2, "training", call.kwargs.get("train", True))
    # Not of modules: these are in evaluation mode.
    if training:
        raise ValueError(
            f"{call.label}: is random in evaluation mode, too; pass training=self.training"
        )
    return DROPOUTS[call.name]


def _clamp(low: Any, high: Any) -> Freedom:
    if isinstance(low, int | float) and isinstance(high, int | float) and low == -high:
        return SIGN
    return POSITIVE if (low, high) in ((0, None), (None, 0)) else NO_FACTOR


def _threshold(call: Call) -> Freedom:
    zero = call.argument(1, "threshold") == call.argument(2, "value") == 0
    return POSITIVE if zero else NO_FACTOR


def _power(call: Call) -> Freedom:
    exponent = call.argument(1, "exponent")
    return SIGN if isinstance(exponent, int) and exponent % 2 else NO_FACTOR


# Where the arguments decide.
BY_ARGUMENTS: dict[str, Callable[[Call], Freedom]] = {
    "hardtanh": lambda c: _clamp(c.argument(1, "min_val", -1.0), c.argument(2, "max_val", 1.0)),
    "relu6": lambda c: NO_FACTOR,
    "clamp": lambda c: _clamp(c.argument(1, "min"), c.argument(2, "max")),
    "clip": lambda c: _clamp(c.argument(1, "min"), c.argument(2, "max")),
    "clamp_min": lambda c: _clamp(c.argument(1, "min"), None),
    "threshold": _threshold,
    "pow": _power,
}
