"""What exported files compute, and which are never left behind."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import onnx
import pytest
import torch
from torch import nn
from torch.testing import assert_close

from scalegmn.export import ONNX, Safetensors, Sparse, TorchProgram, write_checked
from scalegmn.export import onnx_file as onnx_module
from scalegmn.export.onnx_file import onnx_function

X = torch.zeros(2, 1, 6, 6)
ABOUT = {"target": "tiny"}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3)
        self.fc = nn.Linear(48, 2)

    def forward(self, x):
        return self.fc(self.norm(self.conv(x)).relu().flatten(1))


def build(bias=0.0):
    torch.manual_seed(0)
    net = Net()
    net(torch.randn(8, 1, 6, 6))
    nn.init.constant_(net.fc.bias, bias)
    return net.eval().requires_grad_(False)


def write(form, path, *, net=None, reference=None, tolerance=1e-5):
    net = net or build()
    return write_checked(
        form, path, net, example=X, reference=reference or net, tolerance=tolerance, metadata=ABOUT
    )


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The network in every format; the exporter of ONNX is slow, so once."""
    folder = tmp_path_factory.mktemp("exported")
    for form in (ONNX(), TorchProgram(), Safetensors(), Sparse()):
        assert 0 <= write(form, folder / f"net{form.suffix}") < 1e-6
    return folder


def test_there_is_one_file_for_each_format(exported):
    suffixes = [".onnx", ".pt2", ".safetensors", ".sparse"]
    assert sorted(f.suffix for f in exported.iterdir()) == suffixes


@pytest.mark.parametrize("n", [1, 3, 7])
def test_onnx_files_take_batches_of_any_size(exported, n):
    x = torch.randn(n, 1, 6, 6)
    assert_close(onnx_function(exported / "net.onnx")(x), build()(x))


def test_onnx_files_say_what_they_take_and_what_they_are(exported):
    model = onnx.load(exported / "net.onnx")
    onnx.checker.check_model(model)
    (images,), (logits,) = model.graph.input, model.graph.output
    axes = [axis.dim_param or axis.dim_value for axis in images.type.tensor_type.shape.dim]
    assert (images.name, logits.name, axes) == ("images", "logits", ["batch", 1, 6, 6])
    assert {p.key: p.value for p in model.metadata_props}.items() >= ABOUT.items()


def test_files_hold_no_paths_of_the_machine_that_made_them(exported):
    program = zipfile.ZipFile(exported / "net.pt2")
    contents = [program.read(name) for name in program.namelist()]
    contents.append((exported / "net.onnx").read_bytes())
    assert not [c for c in contents if str(Path(__file__).parent).encode() in c]


@pytest.mark.slow
def test_programs_need_nothing_but_pytorch_not_even_the_class(exported):
    code = (
        "import sys, torch; "
        f"net = torch.export.load({str(exported / 'net.pt2')!r}).module(); "
        "print(net(torch.ones(3, 1, 6, 6)).tolist()); "
        "assert not [m for m in sys.modules if m.startswith('scalegmn')]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    printed = torch.tensor(json.loads(done.stdout.splitlines()[-1]))
    assert_close(printed, build()(torch.ones(3, 1, 6, 6)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("form", [Safetensors(), Sparse()], ids=lambda form: form.name)
def test_a_file_with_other_outputs_is_not_left(form, tmp_path):
    with pytest.raises(ValueError, match=r"its outputs differ .* at most 1e-05 is allowed"):
        write(form, tmp_path / f"net{form.suffix}", reference=build(bias=1e-3))
    assert not list(tmp_path.iterdir())
    write(form, tmp_path / f"net{form.suffix}", reference=build(bias=1e-3), tolerance=0.1)


@torch.no_grad()
def test_outputs_that_are_no_numbers_are_not_equal(tmp_path):
    class Nothing(nn.Module):
        def forward(self, x):
            return torch.full((len(x), 2), torch.nan)

    with pytest.raises(ValueError, match="its outputs differ from the network's by nan"):
        write(Safetensors(), tmp_path / "net.safetensors", reference=Nothing())
    assert not list(tmp_path.iterdir())


class BranchesOnValues(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(36, 2)

    def forward(self, x):
        x = x.flatten(1)
        return self.fc(x) if x.sum() > 0 else self.fc(-x)


def test_what_a_format_cannot_express_is_one_line(tmp_path):
    with pytest.raises(ValueError, match="BranchesOnValues cannot be exported by torch.export: "):
        write(TorchProgram(), tmp_path / "net.pt2", net=BranchesOnValues().eval())
    assert not list(tmp_path.iterdir())


def test_packages_that_are_missing_are_named_with_the_command(monkeypatch):
    monkeypatch.setattr(onnx_module, "PACKAGES", ("torch", "no_such_package"))
    with pytest.raises(ValueError, match=r"needs no_such_package: pip install -e \"\.\[export\]\""):
        ONNX()


@pytest.mark.parametrize("form", [Safetensors(), Sparse()], ids=["safetensors", "sparse"])
def test_tied_weights_are_read_back(form, tmp_path):
    net = nn.Sequential(nn.Flatten(), nn.Linear(36, 36), nn.Linear(36, 36)).requires_grad_(False)
    net[2].weight = net[1].weight
    assert write(form, tmp_path / f"net{form.suffix}", net=net) == 0


def test_an_opset_that_the_exporter_does_not_write_is_refused(tmp_path):
    with pytest.raises(ValueError, match="format.opset=5: PyTorch's exporter writes opset 18"):
        write(ONNX(opset=5), tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())
