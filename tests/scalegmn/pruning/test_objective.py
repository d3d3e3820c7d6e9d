import torch
from torch.testing import assert_close

from scalegmn.pruning import l1


def test_l1_sums_magnitudes_of_weights_and_biases():
    params = {"weight": torch.tensor([[1.0, -2.0]]), "bias": torch.tensor([-0.5, 0.0])}
    assert l1(params).item() == 3.5


def test_its_gradient_is_the_sign_and_zero_at_zero():
    theta = torch.tensor([2.0, -3.0, 0.0], requires_grad=True)
    l1({"theta": theta}).backward()
    assert_close(theta.grad, torch.tensor([1.0, -1.0, 0.0]))
