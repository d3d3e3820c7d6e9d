"""Sparse files are exact and small, and what is wrong with one is an error."""

import gzip
import json
import zlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from scalegmn.formats import load_state, read_metadata, save_network, save_sparse
from scalegmn.formats.sparse import DTYPES, MAGIC, read_sparse
from scalegmn.targets import SmallCNN

METADATA = {"target": "small_cnn", "sparsity": "0.9", "note": "ä"}


def bits(tensor):
    """The bytes of a tensor, in which 0.0 and -0.0 differ."""
    return tensor.contiguous().flatten().view(torch.uint8)


def read(path, state):
    ((_, found),) = read_sparse(path, state)
    return found


@torch.no_grad()
def pruned(sparsity, net=None):
    net = net or SmallCNN()
    for p in net.parameters():
        p *= torch.rand_like(p) >= sparsity  # leaves negative zeros, as masking does
    return net


@settings(max_examples=50, deadline=None)
@given(
    dtype=st.sampled_from(sorted(DTYPES)),
    shape=st.lists(st.integers(0, 9), max_size=3),
    sparsity=st.sampled_from([0.0, 0.5, 0.99, 1.0]),
    seed=st.integers(0, 99),
)
def test_all_but_zeros_come_back_bit_for_bit(tmp_path_factory, dtype, shape, sparsity, seed):
    torch.manual_seed(seed)
    tensor = (100 * torch.randn(shape) * (torch.rand(shape) >= sparsity)).to(DTYPES[dtype])
    state = {"a": tensor, "b": torch.randn(3)}
    path = tmp_path_factory.getbasetemp() / "drawn.sparse"
    save_sparse(path, state, {})
    found = read(path, state)
    plus = torch.where(tensor == 0, torch.zeros_like(tensor), tensor)
    assert found["a"].dtype == tensor.dtype and found["a"].shape == tensor.shape
    assert torch.equal(bits(found["a"]), bits(plus))
    assert torch.equal(bits(found["b"]), bits(state["b"]))


def test_negative_zeros_are_zeros_and_the_smallest_numbers_are_not(tmp_path):
    state = {"a": torch.tensor([-0.0, 1e-45, -1e-45, 0.0]), "zeros": torch.full((999,), -0.0)}
    save_sparse(tmp_path / "net.sparse", state, {})
    found = read(tmp_path / "net.sparse", state)
    assert not torch.signbit(found["zeros"]).any() and not found["zeros"].any()
    assert torch.equal(bits(found["a"]), bits(torch.tensor([0.0, 1e-45, -1e-45, 0.0])))
    header = header_of(tmp_path / "net.sparse")
    assert [entry["nonzero"] for entry in header["tensors"]] == [2, 0]


def test_a_network_comes_back_with_its_metadata(tmp_path):
    net = pruned(0.9, nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4)))
    save_sparse(tmp_path / "net.sparse", net.state_dict(), METADATA)
    assert read_metadata(tmp_path / "net.sparse") == METADATA
    loaded = load_state(tmp_path / "net.sparse", net)
    assert all(torch.equal(loaded[name], t) for name, t in net.state_dict().items())


@pytest.mark.parametrize(("sparsity", "of_gzip"), [(0.6, 0.9), (0.9, 0.85), (0.98, 0.75)])
def test_the_size_shows_the_saving(tmp_path, sparsity, of_gzip):
    net = pruned(sparsity, SmallCNN(width=32))
    nonzero = sum(int(p.count_nonzero()) for p in net.parameters())
    save_network(tmp_path / "dense.safetensors", net.state_dict(), METADATA)
    save_sparse(tmp_path / "net.sparse", net.state_dict(), METADATA)
    dense = (tmp_path / "dense.safetensors").read_bytes()
    sparse = (tmp_path / "net.sparse").stat().st_size
    assert sparse < of_gzip * len(gzip.compress(dense, 9))
    # The value of each, less than a byte for its position where many are left, and the header.
    assert sparse < 4.4 * nonzero + 600


def test_equal_networks_give_equal_bytes(tmp_path):
    state = pruned(0.9).state_dict()
    for name, metadata in (("a", METADATA), ("b", dict(reversed(METADATA.items())))):
        save_sparse(tmp_path / f"{name}.sparse", state, metadata)
    assert (tmp_path / "a.sparse").read_bytes() == (tmp_path / "b.sparse").read_bytes()


def test_what_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"net\.pt: sparse networks are written as \.sparse"):
        save_sparse(tmp_path / "net.pt", {"a": torch.ones(1)}, {})
    with pytest.raises(ValueError, match=r"net\.sparse: a has dtype torch\.complex64"):
        save_sparse(tmp_path / "net.sparse", {"a": torch.ones(1, dtype=torch.complex64)}, {})
    assert not list(tmp_path.iterdir())


def header_of(path):
    content = path.read_bytes()
    length = int.from_bytes(content[8:12], "little")
    return json.loads(zlib.decompress(content[12 : 12 + length]))


def with_header(path, change):
    """The same file with another header."""
    content, header = path.read_bytes(), header_of(path)
    old = int.from_bytes(content[8:12], "little")
    change(header)
    head = zlib.compress(json.dumps(header).encode())
    path.write_bytes(MAGIC + len(head).to_bytes(4, "little") + head + content[12 + old :])


@pytest.fixture
def file(tmp_path):
    save_sparse(tmp_path / "net.sparse", pruned(0.9).state_dict(), METADATA)
    return tmp_path / "net.sparse"


def test_every_truncation_is_noticed(file):
    content = file.read_bytes()
    for length in range(0, len(content), 37):
        file.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"net\.sparse: truncated, or not a sparse network"):
            load_state(file, SmallCNN())


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["tensors"][0].update(nonzero=3),
        lambda header: header["tensors"][0].update(gaps=3),
        lambda header: header["tensors"][0].update(gaps=10**12),
        lambda header: header["tensors"][0].update(shape=[-16, -1, 3, 3]),
        lambda header: header["tensors"][0].update(shape=[16, 1, 3, "3"]),
        lambda header: header["tensors"][0].update(shape=[2, 1, 3, 3]),
        lambda header: header["tensors"][0].update(dtype="Q1"),
        lambda header: header["tensors"][0].update(more=1),
        lambda header: header["chunks"].pop(),
        lambda header: header.pop("tensors"),
    ],
    ids=[*("nonzero", "gaps", "many gaps", "negative", "text", "small", "dtype", "more"), "a", "b"],
)
def test_headers_that_do_not_fit_are_noticed(file, change):
    with_header(file, change)
    with pytest.raises(ValueError, match=r"net\.sparse: truncated, or not a sparse network"):
        load_state(file, SmallCNN())


def test_a_file_cannot_claim_more_memory_than_its_network_has(file):
    with_header(file, lambda header: header["tensors"][0].update(shape=[10**12]))
    with pytest.raises(ValueError, match=r"holds 1,000,000,\S+ numbers, expected at most 4,970"):
        load_state(file, SmallCNN())


def test_a_stream_that_unpacks_to_more_than_it_says_is_noticed(file):
    content, header = file.read_bytes(), header_of(file)
    start = 12 + int.from_bytes(content[8:12], "little")
    bomb = zlib.compress(bytes(10**7))
    rest = content[start + header["chunks"][0] :]
    file.write_bytes(content[:start] + bomb + rest)
    with_header(file, lambda header: header["chunks"].__setitem__(0, len(bomb)))
    with pytest.raises(ValueError, match="truncated, or not a sparse network"):
        load_state(file, SmallCNN())
