"""Random bits that are a function of a seed and a time.

With a state for each of thousands of networks, their numbers would have to be drawn one network
after the other; and a network's numbers must not depend on which others are trained beside it.
"""

import numpy as np
import torch
from jaxtyping import Float, Int16, Int32, Int64, UInt32
from torch import Tensor

# Streams of one seed; those of dropout begin at DROPOUT, one per layer.
SUBSET, ORDER, DROPOUT = 0, 1, 2
# The finaliser "lowbias32" of C. Wellons, *Prospecting for Hash Functions*, 2018.
FACTORS = (0x7FEB352D, 0x846CA68B)
LANES = 2**16


def shuffled(seeds: Int64[Tensor, " k"], n: int, *, stream: int, time: int) -> Int64[Tensor, "k n"]:
    """One permutation of ``n`` for each seed."""
    return random_bits(seeds, n, stream=stream, time=time).argsort(dim=1, stable=True)


def kept(
    seeds: Int64[Tensor, " k"], rates: Float[Tensor, " k"], n: int, *, stream: int, time: int
) -> Float[Tensor, "k n"]:
    """1 for those of ``n`` units of each network that dropout keeps, 0 for the others.

    Args:
        seeds: of the networks.
        rates: of dropout; see :func:`rounded`.
        n: number of units.
        stream: of the layer.
        time: of the step.
    """
    threshold = (rounded(rates) * LANES - LANES // 2).to(torch.int16)
    kept = _lanes(seeds, n, stream=stream, time=time) >= threshold[:, None]
    # Products with numbers are several times faster than with booleans.
    return kept.float()


def rounded(rates: Float[Tensor, " k"]) -> Float[Tensor, " k"]:
    """Dropout rates rounded to multiples of 1 / 65,536, as they are applied."""
    return (rates * LANES).round() / LANES


def random_bits(
    seeds: Int64[Tensor, " k"], n: int, *, stream: int, time: int
) -> Int32[Tensor, "k n"]:
    """``n`` times 32 random bits for each seed, stream and time."""
    keys = torch.from_numpy(_keys(seeds, stream, time).view(np.int32)).to(seeds.device)[:, None]
    x = torch.arange(n, dtype=torch.int32, device=seeds.device) ^ keys
    for bits, factor in ((16, FACTORS[0]), (15, FACTORS[1])):
        x ^= _shifted(x, bits)
        x *= factor - (factor >> 31) * 2**32
        # In the middle too: sequences with near keys would otherwise overlap.
        x += keys
    return x ^ _shifted(x, 16)


def _lanes(seeds: Int64[Tensor, " k"], n: int, *, stream: int, time: int) -> Int16[Tensor, "k n"]:
    if seeds.is_cuda:
        bits = random_bits(seeds, (n + 1) // 2, stream=stream, time=time)
        return bits.view(torch.int16)[:, :n]
    # A CPU draws 64 bits several times faster than it hashes.
    keys = _keys(seeds, stream, time).tolist()
    draws = torch.empty(len(keys), (n + 3) // 4, dtype=torch.int64)
    for draw, key in zip(draws, keys, strict=True):
        draw.random_(-(2**63), None, generator=torch.Generator().manual_seed(key))
    return draws.view(torch.int16)[:, :n]


def _keys(seeds: Int64[Tensor, " k"], stream: int, time: int) -> UInt32[np.ndarray, " k"]:
    keys = seeds.cpu().numpy().astype(np.uint32)
    for number in (0, stream, time):
        keys = keys ^ np.uint32(number)
        for bits, factor in ((16, FACTORS[0]), (15, FACTORS[1])):
            keys = (keys ^ (keys >> np.uint32(bits))) * np.uint32(factor)
        keys = keys ^ (keys >> np.uint32(16))
    return keys


def _shifted(x: Int32[Tensor, "..."], bits: int) -> Int32[Tensor, "..."]:
    # A right shift of signed numbers copies the sign.
    return (x >> bits).bitwise_and_(2 ** (32 - bits) - 1)
