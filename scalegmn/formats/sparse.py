"""Read and write pruned networks as compressed files of their non-zero entries.

A file is the magic number, the length of the compressed header as four bytes (little-endian), the
header, and the chunks that the header lists, each a zlib stream:

* the gaps between the entries of all tensors, as :mod:`scalegmn.formats.gaps` codes them;
* for each type of number the first bytes of all entries, then the second ones, and so on: the
  exponents lie together, and compress.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64, UInt8
from torch import Tensor

from scalegmn.formats.atomic import atomic_path
from scalegmn.formats.gaps import LONG, decode_gaps, encode_gaps
from scalegmn.formats.names import States

SUFFIX = ".sparse"
MAGIC = b"SPARSE01"
LEVEL = 9
# A header is some hundred bytes for each tensor: larger ones are not read.
LARGEST_HEADER = 2**24
DTYPES = {
    **{"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16},
    **{"I64": torch.int64, "I32": torch.int32, "U8": torch.uint8, "BOOL": torch.bool},
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


@dataclass(frozen=True)
class _Entry:
    """A tensor in the header: its number of entries that are not zero, and of bytes for gaps."""

    name: str
    dtype: str
    shape: list[int]
    nonzero: int
    gaps: int


def save_sparse(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> None:
    """Write a network's state and its description; equal networks give equal bytes.

    All that is not zero comes back bit for bit, and a negative zero as zero.

    Args:
        path: ends in ``.sparse``.
        state: tensors by name, on any device.
        metadata: such as target, sparsity, dataset, experiment.

    Raises:
        ValueError: the path has another suffix, or a tensor has numbers of another type.
    """
    if Path(path).suffix != SUFFIX:
        raise ValueError(f"{path}: sparse networks are written as {SUFFIX} files")
    entries: list[_Entry] = []
    gaps: list[UInt8[np.ndarray, " _n"]] = []
    values: dict[str, list[Tensor]] = {}
    for name, tensor in state.items():
        if tensor.dtype not in NAMES:
            raise ValueError(f"{path}: {name} has dtype {tensor.dtype}; known: {', '.join(DTYPES)}")
        flat, dtype = tensor.detach().cpu().flatten(), NAMES[tensor.dtype]
        places = flat.ne(0).nonzero().flatten()
        gaps.append(encode_gaps(places.numpy()))
        values.setdefault(dtype, []).append(flat[places])
        entries.append(_Entry(name, dtype, list(tensor.shape), len(places), len(gaps[-1])))
    chunks = [np.concatenate([*gaps, np.zeros(0, dtype=np.uint8)])]
    for dtype in sorted(values):
        chunks += list(_planes(torch.cat(values[dtype])))
    packed = [zlib.compress(chunk.tobytes(), LEVEL) for chunk in chunks]
    header = {
        "metadata": dict(sorted(metadata.items())),
        "tensors": [asdict(entry) for entry in entries],
        "chunks": [len(chunk) for chunk in packed],
    }
    head = zlib.compress(json.dumps(header, separators=(",", ":")).encode(), LEVEL)
    with atomic_path(path) as temporary:
        temporary.write_bytes(b"".join([MAGIC, len(head).to_bytes(4, "little"), head, *packed]))


def read_sparse(path: Path, expected: Mapping[str, Tensor]) -> States:
    """Read all tensors of a file.

    Args:
        path: the file.
        expected: the network's tensors. A file that says it holds more numbers than these is not
            unpacked: a few bytes could stand for any amount of memory.

    Raises:
        ValueError: it is not a whole sparse file, or its network is larger than expected.
    """
    content = path.read_bytes()
    try:
        header, rest = _header(content)
        entries = [_Entry(**entry) for entry in header["tensors"]]
        found, most = sum(map(_size, entries)), sum(t.numel() for t in expected.values())
    except Exception as error:
        raise ValueError(_damaged(path)) from error
    if found > most:
        raise ValueError(
            f"{path}: holds {found:,} numbers, expected at most {most:,}; is it the file of "
            "another target?"
        )
    try:
        return [("", dict(_tensors(entries, header["chunks"], rest)))]
    except Exception as error:
        raise ValueError(_damaged(path)) from error


def read_sparse_metadata(path: Path) -> dict[str, str]:
    """The description that a file was written with.

    Raises:
        ValueError: it is not a whole sparse file.
    """
    try:
        header, _ = _header(path.read_bytes())
        return {str(key): str(value) for key, value in header["metadata"].items()}
    except Exception as error:
        raise ValueError(_damaged(path)) from error


def _planes(values: Tensor) -> Iterator[UInt8[np.ndarray, " n"]]:
    """The first bytes of all values, the second ones, and so on."""
    size = values.element_size()
    yield from np.ascontiguousarray(values.view(torch.uint8).reshape(-1, size).numpy().T)


def _header(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The header, and the bytes behind it."""
    start = len(MAGIC) + 4
    end = start + int.from_bytes(content[len(MAGIC) : start], "little")
    if content[: len(MAGIC)] != MAGIC or len(content) < end:
        raise ValueError("no header")
    return json.loads(_unpack(content[start:end], LARGEST_HEADER)), content[end:]


def _unpack(packed: bytes, most: int) -> bytes:
    """Decompress a whole stream that makes no more bytes than these."""
    stream = zlib.decompressobj()
    # At least one: zero would mean any number.
    content = stream.decompress(packed, max(most, 1))
    if not stream.eof or stream.unused_data or len(content) > most:
        raise ValueError("not as long as it should be")
    return content


def _size(entry: _Entry) -> int:
    """The numbers in a tensor; refuses lengths that none of this shape can have."""
    size = prod(entry.shape)
    possible = 0 <= entry.nonzero <= size and 0 <= entry.gaps <= entry.nonzero + size // LONG
    if min(entry.shape, default=1) < 0 or not possible:
        raise ValueError("impossible sizes")
    return size


def _tensors(
    entries: list[_Entry], lengths: list[int], rest: bytes
) -> Iterator[tuple[str, Tensor]]:
    chunks = _split(rest, lengths)
    total = sum(entry.gaps for entry in entries)
    gaps = np.frombuffer(_unpack(next(chunks), total), dtype=np.uint8)
    codes = np.split(gaps, np.cumsum([entry.gaps for entry in entries])[:-1])
    values: dict[str, Tensor] = {}
    for dtype in sorted({entry.dtype for entry in entries}):
        count = sum(entry.nonzero for entry in entries if entry.dtype == dtype)
        values[dtype] = _joined(chunks, DTYPES[dtype], count)
    for entry, code in zip(entries, codes, strict=True):
        own, values[entry.dtype] = values[entry.dtype].tensor_split([entry.nonzero])
        yield entry.name, _dense(entry, decode_gaps(code), own)


def _split(content: bytes, lengths: list[int]) -> Iterator[bytes]:
    if sum(lengths) != len(content) or min(lengths) < 0:
        raise ValueError("not as long as it should be")
    ends = np.cumsum(lengths).tolist()
    return (content[end - length : end] for end, length in zip(ends, lengths, strict=True))


def _joined(chunks: Iterator[bytes], dtype: torch.dtype, count: int) -> Tensor:
    """The values of one type, from the planes of their bytes."""
    planes = [_unpack(next(chunks), count) for _ in range(dtype.itemsize)]
    joined = np.frombuffer(b"".join(planes), dtype=np.uint8).reshape(dtype.itemsize, count)
    return torch.from_numpy(joined.T.copy()).flatten().view(dtype)


def _dense(entry: _Entry, positions: Int64[np.ndarray, " n"], values: Tensor) -> Tensor:
    if len(positions) != len(values):
        raise ValueError("not as many positions as values")
    flat = torch.zeros(prod(entry.shape), dtype=DTYPES[entry.dtype])
    flat[torch.from_numpy(positions)] = values
    return flat.reshape(entry.shape)


def _damaged(path: Path) -> str:
    return f"{path}: truncated, or not a sparse network; write it again"
