import sys

import pytest
import torch

from scalegmn.inr import canonical_phases, pixel_grid
from scalegmn.inr.canonicalize import canonicalize, main
from scalegmn.targets import Siren

with torch.random.fork_rng():
    torch.manual_seed(0)
    SIREN = Siren(1, (4, 5))


@pytest.fixture(params=["mnist", "fmnist"])
def folder(request, tmp_path):
    names = {
        "mnist": "mnist_png_training_7_3/checkpoints/inr.pth",
        "fmnist": "train/model_3.pth",
    }
    file = tmp_path / "inrs" / names[request.param]
    file.parent.mkdir(parents=True)
    state = {n: p + torch.rand_like(p) for n, p in SIREN.state_dict().items()}
    torch.save({**state, "label": 7} if request.param == "fmnist" else state, file)
    return tmp_path / "inrs"


def only(folder):
    (file,) = folder.rglob("*.pth")
    return file, torch.load(file, weights_only=True)


def test_every_file_has_its_place_and_its_function(folder, tmp_path):
    canonicalize(folder, tmp_path / "out", SIREN)
    (before, state), (after, canonical) = only(folder), only(tmp_path / "out")
    assert after.relative_to(tmp_path / "out") == before.relative_to(folder)
    label = state.pop("label", None)
    assert canonical.pop("label", None) == label
    expected = canonical_phases(SIREN, state)
    assert all(torch.equal(canonical[n], expected[n]) for n in expected)
    x = pixel_grid(4, 4)
    torch.testing.assert_close(
        SIREN.evaluate(canonical, x), SIREN.evaluate(state, x), rtol=1e-3, atol=1e-3
    )
    assert (canonical["seq.0.bias"] != state["seq.0.bias"]).any()


def test_the_command(folder, tmp_path, monkeypatch, capsys):
    arguments = [str(folder), str(tmp_path / "out"), "--hidden", "4", "5"]
    monkeypatch.setattr(sys, "argv", ["canonicalize", *arguments])
    main()
    before = only(tmp_path / "out")[0].stat().st_mtime_ns
    main()
    assert only(tmp_path / "out")[0].stat().st_mtime_ns == before
    for wrong, message in (
        ([str(folder), str(folder)], "is the folder that is read"),
        ([str(tmp_path / "nowhere"), "x"], "no such folder; give a folder of INRs"),
        ([str(folder), str(tmp_path / "other")], "expected (32, 2)"),
    ):
        monkeypatch.setattr(sys, "argv", ["canonicalize", *wrong])
        with pytest.raises(SystemExit, match="1"):
            main()
        error = capsys.readouterr().err
        assert message in error and error.count("\n") == 1
