import json

import pytest
import torch

from scalegmn.formats import read_metadata, save_network
from scalegmn.inr import (
    Contrast,
    Dilation,
    INRImageEditor,
    MetanetworkEditor,
    RawEditor,
    initial_parameters,
    load_editor,
    save_editor,
)
from scalegmn.nn import Architecture, Bidirectional, Permutation, Sign
from scalegmn.targets import Siren

SIREN = Siren(1, (4, 5), w0=20.0)
CONFIGS = [
    MetanetworkEditor(Architecture(kind=Sign(symmetrized=False), d=6, num_layers=2), heads=3),
    MetanetworkEditor(
        Architecture(kind=Permutation(), direction=Bidirectional(), d=4, num_layers=1)
    ),
    RawEditor(d=7, num_layers=2),
]


@pytest.fixture
def params():
    return initial_parameters(SIREN, range(3))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.name)
def test_what_is_saved_is_loaded(tmp_path, config, params):
    editor = INRImageEditor(config, SIREN, 6, Contrast(1.5)).eval()
    save_editor(tmp_path / "editor.safetensors", editor, {"dataset": "mine"})
    loaded = load_editor(tmp_path / "editor.safetensors")
    assert torch.equal(loaded(params), editor(params))
    assert loaded.config == config and loaded.edit == Contrast(1.5)
    assert loaded.siren.settings() == SIREN.settings() and loaded.image_size == 6
    assert read_metadata(tmp_path / "editor.safetensors")["dataset"] == "mine"


def test_names_tell_editors_apart():
    assert [config.name for config in CONFIGS] == [
        "ScaleGMN (sign), forward, 3 heads",
        "GMN, bidirectional",
        "MLP",
    ]


def test_an_mlp_changes_one_network_as_it_changes_a_batch(params):
    editor = INRImageEditor(CONFIGS[2], SIREN, 6, Dilation())
    batch = editor.operator(editor.graph, params)
    one = editor.operator(editor.graph, {n: p[1] for n, p in params.items()})
    assert all(torch.allclose(batch[n][1], one[n]) for n in one)
    assert {n: p.shape for n, p in batch.items()} == {n: p.shape for n, p in params.items()}
    assert any((batch[n] != params[n]).any() for n in batch)


def changed(path, **metadata):
    """The file again, with other metadata."""
    editor = INRImageEditor(CONFIGS[0], SIREN, 6, Dilation())
    save_editor(path, editor, {})
    about = {**read_metadata(path), **metadata}
    save_network(path, editor.operator.state_dict(), about)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"edit": json.dumps({"made by": "System", "command": "rm"})}, "another version"),
        ({"edit": json.dumps({"made by": "Dilation", "size": 2})}, "must be odd"),
        (
            {"editor": json.dumps({"made by": "RawEditor", "d": 10**6, "num_layers": 9})},
            "the file holds",
        ),
        ({"siren": json.dumps({"hidden": [10**9], "channels": 1, "w0": 1.0})}, "too large"),
        ({"siren": "[]"}, "another version"),
        ({"image_size": "100000"}, "something else"),
    ],
)
def test_a_file_chooses_among_known_parts_only(tmp_path, metadata, message):
    changed(tmp_path / "e.safetensors", **metadata)
    with pytest.raises(ValueError, match=message) as caught:
        load_editor(tmp_path / "e.safetensors")
    assert "\n" not in str(caught.value)


def test_another_file_is_no_editor(tmp_path):
    save_network(tmp_path / "net.safetensors", SIREN.state_dict(), {})
    with pytest.raises(ValueError, match=r"no editor; expected the editor.safetensors"):
        load_editor(tmp_path / "net.safetensors")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MetanetworkEditor(heads=0), "model.operator.heads"),
        (lambda: MetanetworkEditor(out_scale=0.0), "model.operator.out_scale"),
        (lambda: MetanetworkEditor(Architecture(d=0)), "architecture.d"),
        (lambda: RawEditor(d=0), "model.operator.d"),
        (lambda: RawEditor(num_layers=0), "model.operator.num_layers"),
    ],
)
def test_impossible_numbers_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
