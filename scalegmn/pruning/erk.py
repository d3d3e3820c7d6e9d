"""Distribute a sparsity by the Erdős-Rényi-Kernel rule."""

from collections.abc import Mapping
from fractions import Fraction

from torch import Tensor

from scalegmn.pruning.rounding import rounded


def allocate_erk(scores: Mapping[str, Tensor], sparsity: float) -> dict[str, int]:
    r"""Keep entries of each tensor in proportion to the sum of its axes' lengths.

    .. math:: d_l = \min\left(1, \varepsilon \,
        \frac{n_\text{in} + n_\text{out} + w + h}{n_\text{in} \, n_\text{out} \, w \, h}\right)

    The density d of a layer falls with its size; dense layers, without w and h, have the
    Erdős-Rényi density. ε is such that all layers together keep what they should: where one would
    keep more than it has, it stays dense, and the others share the rest by the same rule. Shares
    are rounded down, and the missing entries go to the tensors that lost most by rounding.

    Reference: Evci et al., *Rigging the Lottery: Making All Tickets Winners*, 2020,
    arXiv:1911.11134; dense layers: Mocanu et al., 2018, arXiv:1707.04780.

    Args:
        scores: one score per prunable entry, by tensor; only their shapes count.
        sparsity: fraction to prune, in [0, 1).

    Returns:
        How many entries each tensor keeps.
    """
    sizes = {name: score.numel() for name, score in scores.items()}
    total = sum(sizes.values())
    left = total - int(total * sparsity)
    kept: dict[str, int] = {}
    # Scores, not names of layers, are given: a tensor of one axis, such as a bias, has density ε.
    axes = {name: sum(score.shape) for name, score in scores.items()}
    while axes:
        epsilon = Fraction(left, sum(axes.values()))
        dense = {name: sizes[name] for name in axes if epsilon * axes[name] >= sizes[name]}
        if not dense:
            break
        # What these cannot use goes to the others, so that those of earlier rounds stay dense.
        kept |= dense
        left -= sum(dense.values())
        axes = {name: length for name, length in axes.items() if name not in dense}
    shares = rounded([epsilon * length for length in axes.values()], left) if axes else []
    kept |= dict(zip(axes, shares, strict=True))
    return {name: kept[name] for name in scores}
