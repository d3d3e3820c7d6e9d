import pytest
import torch
from torch.testing import assert_close

from scalegmn.nn.mlp import MLP


@pytest.mark.parametrize("layer_norm", [True, False])
def test_several_inputs_are_one_concatenation(layer_norm):
    x, y = torch.randn(5, 3), torch.randn(5, 2)
    mlp = MLP([3, 2], 8, 4, layer_norm=layer_norm)
    whole = MLP(5, 8, 4, layer_norm=layer_norm)
    state = mlp.state_dict()
    state["weights.0"] = torch.cat([state.pop("weights.0"), state.pop("weights.1")], dim=1)
    whole.load_state_dict(state)
    assert_close(mlp(x, y), whole(torch.cat([x, y], dim=1)))


def test_inputs_broadcast():
    mlp, x, y = MLP([3, 2], 8, 4), torch.randn(5, 1, 3), torch.randn(1, 6, 2)
    assert mlp(x, y).shape == (5, 6, 4)


def test_dropout_is_in_training_only():
    mlp, x = MLP(3, 64, 4, dropout=0.5), torch.randn(5, 3)
    assert not torch.equal(mlp(x), mlp(x))
    assert torch.equal(mlp.eval()(x), mlp(x))
