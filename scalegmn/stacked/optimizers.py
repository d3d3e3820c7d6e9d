"""Optimizers of networks in a stack: each network has its own."""

from torch import optim
from torch.optim import Optimizer

# Their update of an entry depends on this entry alone, so that it does not matter that all
# parameters of a network are one tensor.
ELEMENTWISE: tuple[type[Optimizer], ...] = (
    optim.ASGD,
    optim.Adadelta,
    optim.Adagrad,
    optim.Adam,
    optim.AdamW,
    optim.Adamax,
    optim.NAdam,
    optim.RAdam,
    optim.RMSprop,
    optim.Rprop,
    optim.SGD,
)


def check_elementwise(optimizer: Optimizer) -> None:
    """Check that an optimizer can train networks in a stack.

    Raises:
        ValueError: if its update of one entry of a parameter may depend on others.
    """
    # Not of a subclass, which may do something else.
    if type(optimizer) not in ELEMENTWISE:
        known = ", ".join(kind.__name__ for kind in ELEMENTWISE)
        raise ValueError(
            f"{type(optimizer).__name__} does not update every entry by itself, as {known} do"
        )
