import torch
from torch import nn
from torch.optim import Adam

from scalegmn.pruning import freeze_gradients, freeze_moments, magnitude, make_mask


def test_gradients_and_moments_of_pruned_entries_become_zero():
    net = nn.Linear(6, 5)
    optimizer = Adam(net.parameters())
    mask = make_mask(magnitude(net), 0.4)
    keep = mask.keep["weight"]
    net(torch.randn(8, 6)).square().sum().backward()
    optimizer.step()
    before = {k: v.clone() for k, v in optimizer.state[net.weight].items()}
    gradient = net.weight.grad.clone()
    freeze_gradients(net, mask)
    freeze_moments(optimizer, net, mask)
    for name in ("exp_avg", "exp_avg_sq"):
        assert torch.equal(optimizer.state[net.weight][name], before[name] * keep)
        assert (optimizer.state[net.bias][name] != 0).all()
    assert optimizer.state[net.weight]["step"] == 1
    assert torch.equal(net.weight.grad, gradient * keep)


def test_what_has_no_gradient_and_no_state_is_left_alone():
    net = nn.Linear(3, 2)
    mask = make_mask(magnitude(net), 0.5)
    freeze_gradients(net, mask)
    freeze_moments(Adam(net.parameters()), net, mask)
    assert net.weight.grad is None
