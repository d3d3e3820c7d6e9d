"""Write SIRENs without a frequency beside their weights."""

from collections.abc import Mapping

from torch import Tensor

from scalegmn.targets import Siren


def absorb_frequency(siren: Siren, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""Multiply the frequency into weights and biases of the sine layers: the same function.

    .. math:: \sin(\omega_0 (W x + b)) = \sin(1 \cdot (\omega_0 W x + \omega_0 b))

    Metanetworks see weights and not :math:`\omega_0`. Fitted sine layers behind the first have
    weights of some 0.02, thirty times smaller than what acts, and features made of them all but
    vanish.

    Args:
        siren: the architecture, with its frequency.
        params: by name, of one network or, with leading axes, of a batch; not changed.

    Returns:
        The parameters of ``siren.with_frequency(1.0)``.
    """
    out = dict(params)
    for weight, bias, _ in siren.sine_layers:
        out[weight], out[bias] = siren.w0 * out[weight], siren.w0 * out[bias]
    return out
