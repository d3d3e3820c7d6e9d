"""Which parameters are weights."""

from torch import Tensor


def is_weight(parameter: Tensor) -> bool:
    """Whether a parameter is a weight, which has more than one axis.

    A factor per channel of shape ``[c, 1, 1]``, as in ConvNeXt's LayerScale, is none: it belongs
    to what scales and shifts, as biases and normalisations do.
    """
    return parameter.ndim > 1 and not (parameter.ndim == 3 and parameter.shape[1:] == (1, 1))
