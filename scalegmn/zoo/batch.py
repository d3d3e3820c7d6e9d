"""Batches of networks with their accuracies."""

from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class NetworkBatch(NamedTuple):
    """A batch of networks of one architecture, with labels.

    Attributes:
        parameters: by the names of the architecture's state dict, each with a leading axis of the
            networks; views of one tensor.
        sign: where the hidden units may change their sign (tanh) and not their size (ReLU).
        label: the accuracy, a fraction.
        sparsity: the fraction of weights that were pruned.
    """

    parameters: dict[str, Tensor]
    sign: Bool[Tensor, " network"]
    label: Float[Tensor, " network"]
    sparsity: Float[Tensor, " network"]
