"""How much is pruned when a network is pruned step by step."""


def cubic_sparsity(
    step: int, *, final: float, initial: float = 0.0, start: int = 0, end: int
) -> float:
    r"""The sparsity of gradual pruning: fast at first, slow when few weights are left.

    .. math:: s_t = s_f + (s_i - s_f) \left( 1 - \frac{t - t_0}{t_1 - t_0} \right)^3

    between :math:`t_0` and :math:`t_1`; :math:`s_i` before, and exactly :math:`s_f` after.

    Reference: Zhu and Gupta, *To prune, or not to prune*, 2017, arXiv:1710.01878, eq. (1), whose
    :math:`n \Delta t` is :math:`t_1 - t_0`.

    Args:
        step: t, optimizer steps so far.
        final: :math:`s_f`, a fraction.
        initial: :math:`s_i`, a fraction.
        start: :math:`t_0`, the step from which sparsity grows.
        end: :math:`t_1`, the step that reaches the final sparsity.

    Raises:
        ValueError: if the end is not after the start.
    """
    if end <= start:
        raise ValueError(f"sparsity cannot grow from step {start} to step {end}")
    if step >= end:
        return final
    left = 1 - max(0, step - start) / (end - start)
    return final + (initial - final) * left**3


def equal_rates(sparsity: float, rounds: int) -> list[float]:
    r"""The sparsities after rounds that each prune the same fraction of what is left.

    .. math:: s_j = 1 - (1 - s)^{j / n}, \quad j = 1, \dots, n

    The last is exactly the sparsity that is asked for.

    Reference: Frankle and Carbin, *The Lottery Ticket Hypothesis*, 2019, arXiv:1803.03635.

    Args:
        sparsity: s, a fraction below 1.
        rounds: n.
    """
    return [1 - (1 - sparsity) ** (j / rounds) for j in range(1, rounds)] + [sparsity]
