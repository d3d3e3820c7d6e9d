"""Read and write networks."""

from scalegmn.formats.atomic import atomic_path
from scalegmn.formats.load import load_state, load_tensors
from scalegmn.formats.metadata import read_metadata
from scalegmn.formats.safetensors import save_network
from scalegmn.formats.sparse import save_sparse
from scalegmn.formats.zoo_row import from_zoo_row, to_zoo_row

__all__ = [
    "atomic_path",
    "from_zoo_row",
    "load_state",
    "load_tensors",
    "read_metadata",
    "save_network",
    "save_sparse",
    "to_zoo_row",
]
