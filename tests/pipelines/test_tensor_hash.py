import numpy as np
import pytest
import torch

from pipelines.tensor_hash import file_hash, tensor_hash
from scalegmn.formats import save_network

STATE = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(1)}


def test_it_depends_on_names_shapes_types_and_values_only():
    expected = tensor_hash(STATE)
    assert len(expected) == 16
    assert tensor_hash({"b": STATE["b"], "a": STATE["a"].t().contiguous().t()}) == expected
    others = [
        {**STATE, "c": STATE["b"]},
        {"a": STATE["a"], "c": STATE["b"]},
        {**STATE, "a": STATE["a"].reshape(3, 2)},
        {**STATE, "a": STATE["a"].double()},
        {**STATE, "a": STATE["a"] + 1e-7},
    ]
    assert len({tensor_hash(other) for other in others} | {expected}) == 6


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.bool, torch.float16, torch.int64])
def test_every_type_of_numbers_counts(dtype):
    one, other = torch.tensor([1, 1]).to(dtype), torch.tensor([1, 0]).to(dtype)
    assert tensor_hash({"a": one}) != tensor_hash({"a": other})


def test_metadata_and_formats_do_not_count(tmp_path):
    save_network(tmp_path / "a.safetensors", STATE, {"seed": "1"})
    save_network(tmp_path / "b.safetensors", STATE, {"seed": "2", "note": "x"})
    torch.save(STATE, tmp_path / "c.pt")
    torch.save({"state_dict": STATE, "epoch": 3}, tmp_path / "d.ckpt")
    files = [tmp_path / name for name in ("a.safetensors", "b.safetensors", "c.pt", "d.ckpt")]
    assert {file_hash(file) for file in files} == {tensor_hash(STATE)}
    np.save(tmp_path / "row.npy", np.zeros(3, dtype=np.float32))
    np.save(tmp_path / "other.npy", np.ones(3, dtype=np.float32))
    assert file_hash(tmp_path / "row.npy") != file_hash(tmp_path / "other.npy")


def test_damaged_files_differ_by_their_bytes(tmp_path):
    for name, content in (("a.pt", b"x"), ("b.pt", b"x"), ("c.safetensors", b"y")):
        (tmp_path / name).write_bytes(content)
    assert file_hash(tmp_path / "a.pt") == file_hash(tmp_path / "b.pt")
    assert file_hash(tmp_path / "a.pt") != file_hash(tmp_path / "c.safetensors")
