"""Code the positions of non-zero entries as the gaps between them, one byte for most."""

import numpy as np
from jaxtyping import Int64, UInt8

# A byte of this value is as many zeros without an entry behind them.
LONG = 255


def encode_gaps(positions: Int64[np.ndarray, " n"]) -> UInt8[np.ndarray, " bytes"]:
    """The numbers of zeros before each entry.

    A gap of 600 is the bytes 255, 255, 90. At any sparsity, their entropy is about that of a bit
    mask, and a general compressor comes close to it, as each byte is one symbol.

    Args:
        positions: ascending, at least 0.
    """
    gaps = np.diff(positions, prepend=-1) - 1
    long, rest = np.divmod(gaps, LONG)
    code = np.full(len(gaps) + int(long.sum()), LONG, dtype=np.uint8)
    code[np.cumsum(long + 1) - 1] = rest
    return code


def decode_gaps(code: UInt8[np.ndarray, " bytes"]) -> Int64[np.ndarray, " n"]:
    """The positions that :func:`encode_gaps` coded."""
    ends = code < LONG
    return (np.cumsum(code.astype(np.int64) + ends) - 1)[ends]
