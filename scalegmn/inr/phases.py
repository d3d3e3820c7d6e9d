"""Choose one of all SIRENs that differ in whole half turns of their phases."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from scalegmn.targets import Siren

# Half turns by which the interval of phases is shifted, so that a phase of exactly a quarter turn
# does not go back and forth by rounding.
MARGIN = 1e-6


def canonical_phases(siren: Siren, params: Mapping[str, Tensor]) -> dict[str, Tensor]:
    r"""Move the phases :math:`\omega_0 b` of sine layers into :math:`(-\pi/2, \pi/2]`.

    .. math::
        b \leftarrow b - k \pi / \omega_0, \qquad W^{next}_{:,i} \leftarrow (-1)^k W^{next}_{:,i},
        \qquad k = \lceil \omega_0 b / \pi - \tfrac12 \rceil

    as :math:`\sin(z - k\pi) = (-1)^k \sin z`. The function stays the same, a second pass changes
    nothing, and networks that differ in such shifts become equal. What is left is the sign of each
    hidden unit, which metanetworks respect. The last layer has no sine and is not shifted.

    The script of the published code compares :math:`b` without :math:`\omega_0` with the bounds,
    shifts the last layer too, and turns some phases the wrong way.

    Args:
        siren: the architecture, with its frequency.
        params: by name, of one network or, with leading axes, of a batch; not changed.
    """
    out = dict(params)
    for _, bias, after in siren.sine_layers:
        b = out[bias]
        half_turns = (siren.w0 / math.pi) * b.double()
        k = torch.ceil(half_turns - 0.5 - MARGIN)
        out[bias] = (b - k * (math.pi / siren.w0)).to(b.dtype)
        sign = 1 - 2 * k.remainder(2)
        out[after] = out[after] * sign.to(b.dtype).unsqueeze(-2)
    return out
