"""Read and write networks."""

from scalegmn.formats.atomic import atomic_path
from scalegmn.formats.load import load_state, load_tensors
from scalegmn.formats.safetensors import read_metadata, save_network
from scalegmn.formats.zoo_row import from_zoo_row, to_zoo_row

__all__ = [
    "atomic_path",
    "from_zoo_row",
    "load_state",
    "load_tensors",
    "read_metadata",
    "save_network",
    "to_zoo_row",
]
