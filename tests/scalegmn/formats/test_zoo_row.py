import numpy as np
import pytest
import torch
from torch.testing import assert_close

from scalegmn.formats import from_zoo_row, load_state, to_zoo_row
from scalegmn.targets import VGG, SmallCNN

LAYERS = ["features.0", "features.3", "features.6", "fc"]
ROW = torch.arange(4970.0)


def save(path, row):
    np.save(path, np.asarray(row))
    return path


def test_the_bias_lies_before_the_kernel():
    state = from_zoo_row(ROW, LAYERS)
    assert torch.equal(state["features.0.bias"], ROW[:16])
    assert torch.equal(state["features.3.bias"], ROW[160:176])
    assert torch.equal(state["fc.bias"], ROW[4800:4810])


def test_kernels_are_turned_from_tensorflows_order():
    state = from_zoo_row(ROW, LAYERS)
    kernel = ROW[176:2480].reshape(3, 3, 16, 16)
    assert state["features.3.weight"].shape == (16, 16, 3, 3)
    assert state["features.3.weight"][5, 7, 1, 2] == kernel[1, 2, 7, 5]
    assert state["fc.weight"][3, 11] == ROW[4810:].reshape(16, 10)[11, 3]


def test_rows_come_in_batches():
    rows = torch.randn(2, 3, 4970)
    batched = from_zoo_row(rows, LAYERS)
    for name, tensor in from_zoo_row(rows[1, 2], LAYERS).items():
        assert torch.equal(batched[name][1, 2], tensor)


def test_the_round_trip_is_exact():
    row = torch.randn(4970)
    assert torch.equal(to_zoo_row(from_zoo_row(row, LAYERS)), row)
    state = SmallCNN().state_dict()
    again = from_zoo_row(to_zoo_row(state), LAYERS)
    assert all(torch.equal(again[name], t) for name, t in state.items())


def test_only_convolutions_and_dense_layers_with_bias_have_a_row():
    with pytest.raises(ValueError, match="with bias: features.1"):
        to_zoo_row(VGG(11, batch_norm=True).state_dict())
    with pytest.raises(ValueError, match="with bias: fc"):
        to_zoo_row({"fc.weight": torch.ones(2, 3)})


def test_a_file_needs_no_layout_beside_it(tmp_path):
    row = np.random.default_rng(0).normal(size=4970)
    state = load_state(save(tmp_path / "net.npy", row), SmallCNN())
    assert {t.dtype for t in state.values()} == {torch.float32}
    assert np.array_equal(to_zoo_row(state).numpy(), row.astype(np.float32))


def test_the_layout_beside_a_file_is_used(tmp_path):
    (tmp_path / "layout.csv").write_text(
        "varname,start_idx,end_idx,size,shape\n"
        'dense/kernel:0,0,6,6,"(3, 2)"\ndense/bias:0,6,8,2,"(2,)"\n'
    )
    path = save(tmp_path / "net.npy", np.arange(8, dtype=np.float32))
    state = load_state(path, torch.nn.Sequential(torch.nn.Linear(3, 2)))
    assert_close(state["0.weight"], torch.tensor([[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]))
    assert state["0.bias"].tolist() == [6, 7]


@pytest.mark.parametrize(
    "row",
    [np.zeros(4969), np.zeros((2, 4970)), np.zeros(4970, int), np.zeros(4970, complex)],
    ids=["short", "two rows", "integers", "complex"],
)
def test_another_array_is_refused(tmp_path, row):
    path = save(tmp_path / "net.npy", row)
    with pytest.raises(ValueError, match=r"net\.npy: expected one zoo row, 4970 floats, got"):
        load_state(path, SmallCNN())


def test_a_row_of_another_network_is_refused(tmp_path):
    path = save(tmp_path / "net.npy", ROW)
    with pytest.raises(ValueError, match="rows hold 4 layers, the network has 11"):
        load_state(path, VGG(11))
    with pytest.raises(ValueError, match=r"features.0.weight has shape \(16, 1, 3, 3\), expected"):
        load_state(path, SmallCNN(in_channels=3))


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match="expected rows of 4970 values, got 7"):
        from_zoo_row(torch.zeros(3, 7), LAYERS)


@pytest.mark.real_data
def test_the_zoos_best_network(real_data):
    path = real_data / "zoo" / "small_cnn_best.npy"
    state = load_state(path, SmallCNN())
    sums = {name: t.abs().sum().item() for name, t in state.items()}
    assert sum(sums.values()) == pytest.approx(3245.32, abs=0.005)
    weights = [sums[f"{layer}.weight"] for layer in LAYERS]
    assert weights == pytest.approx([111.9, 1673.7, 1346.1, 49.4], abs=0.05)
    biases = [sums[f"{layer}.bias"] for layer in LAYERS]
    assert biases == pytest.approx([4.97, 9.53, 41.74, 7.98], abs=0.005)
    assert np.array_equal(to_zoo_row(state).numpy(), np.load(path))
