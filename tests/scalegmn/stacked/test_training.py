"""Networks in a stack against the same networks, one after the other."""

from copy import deepcopy
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adam, AdamW

from scalegmn.pruning import magnitude, make_mask
from scalegmn.stacked import StackedNetworks, cross_entropy
from scalegmn.targets import VGG, Sine, SmallCNN

OPTIMIZERS = {
    "adam": Adam,
    "adamw": partial(AdamW, weight_decay=0.1),
    "sgd": partial(SGD, momentum=0.9, nesterov=True, weight_decay=0.01),
}
NETWORKS = {
    "small CNN": lambda: SmallCNN(1, 4, width=5),
    "sine": lambda: SmallCNN(1, 4, width=3, activation=lambda: Sine(2.0)),
    "VGG": lambda: VGG(11, in_channels=1, num_classes=4, width=2, dropout=0.0),
    "MLP": lambda: nn.Sequential(
        *(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(64, 8), nn.Tanh()),
        nn.Linear(8, 4, bias=False),
    ),
}
RATES = (1e-2, 1e-3, 3e-3)
SPARSITIES = (0.5, 0.9, 0.7)


def batches(n, size=20):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(n, size, 1, 32, 32, generator=generator)
    return [*zip(x, torch.randint(4, (n, size), generator=generator), strict=True)]


def pruned(make):
    nets = [make() for _ in RATES]
    masks = [make_mask(magnitude(n, []), s) for n, s in zip(nets, SPARSITIES, strict=True)]
    for net, mask in zip(nets, masks, strict=True):
        mask.apply_(net)
    return nets, masks


def stack(nets, masks, optimizer):
    params = [dict(net.named_parameters()) for net in nets]
    return StackedNetworks(nets[0], params, masks, [partial(optimizer, lr=lr) for lr in RATES])


def train_alone(net, mask, optimizer, lr, images):
    made = optimizer(net.parameters(), lr=lr)
    for x, y in images:
        made.zero_grad()
        F.cross_entropy(net(x), y).backward()
        for name, keep in mask.keep.items():
            net.get_parameter(name).grad.masked_fill_(~keep, 0)
        made.step()
        mask.apply_(net)


def assert_equal_to(networks, nets, rtol=1e-9):
    for row, net in zip(networks.rows, nets, strict=True):
        for name, own in networks.logits.split(row).items():
            expected = net.get_parameter(name).detach()
            assert torch.equal(own == 0, expected == 0)
            assert torch.allclose(own, expected, rtol=rtol, atol=rtol * float(expected.abs().max()))


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_a_hundred_steps_end_like_those_of_one_by_one(optimizer, float64):
    nets, masks = pruned(NETWORKS["small CNN"])
    networks = stack(nets, masks, optimizer)
    networks.train(batches(100))
    for net, mask, lr in zip(nets, masks, RATES, strict=True):
        train_alone(net, mask, optimizer, lr, batches(100))
    assert_equal_to(networks, nets)
    for row, mask in zip(networks.rows, masks, strict=True):
        for name, keep in mask.keep.items():
            assert not networks.logits.split(row)[name][~keep].any()


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_all_architectures_are_trained_alike(make, float64):
    nets, masks = pruned(make)
    networks = stack(nets, masks, Adam)
    networks.train(batches(5))
    for net, mask, lr in zip(nets, masks, RATES, strict=True):
        train_alone(net, mask, Adam, lr, batches(5))
    assert_equal_to(networks, nets)


@pytest.mark.parametrize("at_once", [3, 60, 1000])
def test_parts_of_a_batch_make_one_step(at_once, float64, monkeypatch):
    monkeypatch.setattr("scalegmn.stacked.measured.AT_ONCE", at_once)
    nets, masks = pruned(NETWORKS["small CNN"])
    networks = stack(nets, masks, Adam)
    images = batches(3, size=50)
    networks.train(images)
    for net, mask, lr in zip(nets, masks, RATES, strict=True):
        train_alone(net, mask, Adam, lr, images)
    assert_equal_to(networks, nets)


def test_networks_go_on_without_those_that_left(float64):
    nets, masks = pruned(NETWORKS["small CNN"])
    networks = stack(nets, masks, Adam)
    networks.train(batches(5)[:3])
    networks.keep([2, 0])
    networks.train(batches(5)[3:])
    for net, mask, lr in zip(nets, masks, RATES, strict=True):
        train_alone(net, mask, Adam, lr, batches(5))
    assert len(networks) == 2
    assert_equal_to(networks, [nets[2], nets[0]])


def test_losses_are_means_over_images(float64):
    nets, masks = pruned(NETWORKS["small CNN"])
    networks = stack(nets, masks, Adam)
    images = [*batches(2, size=30), *batches(1, size=7)]
    measured = networks.measure(images)
    x, y = (torch.cat(part) for part in zip(*images, strict=True))
    with torch.no_grad():
        losses = [F.cross_entropy(net(x), y) for net in nets]
        right = [(net(x).argmax(1) == y).double().mean() for net in nets]
    assert torch.allclose(measured.loss, torch.stack(losses))
    assert torch.allclose(measured.accuracy, torch.stack(right))
    before = networks.rows.clone()
    assert torch.allclose(networks.train(images[:1]), networks_loss(nets, images[0]))
    assert not torch.equal(networks.rows, before)


def networks_loss(nets, batch):
    with torch.no_grad():
        return torch.stack([F.cross_entropy(net(batch[0]), batch[1]) for net in nets])


def test_a_saved_stack_goes_on_to_the_same_numbers(tmp_path):
    nets, masks = pruned(NETWORKS["small CNN"])
    whole, first, second = (stack(deepcopy(nets), masks, OPTIMIZERS["sgd"]) for _ in range(3))
    whole.train(batches(6))
    first.train(batches(6)[:4])
    torch.save(first.state_dict(), tmp_path / "stack.ckpt")
    second.load_state_dict(torch.load(tmp_path / "stack.ckpt", weights_only=True))
    second.train(batches(6)[4:])
    assert torch.equal(second.rows, whole.rows)


def test_a_network_that_diverges_leaves_the_others_alone():
    nets, masks = pruned(NETWORKS["small CNN"])
    expected = stack(nets, masks, SGD)
    expected.train(batches(5))
    networks = stack(nets, masks, SGD)
    networks.optimizers[1].param_groups[0]["lr"] = float("inf")
    networks.train(batches(5))
    assert not networks.rows[1].isfinite().all()
    assert torch.equal(networks.rows[[0, 2]], expected.rows[[0, 2]])


@pytest.mark.parametrize("make", [NETWORKS["small CNN"], NETWORKS["sine"]], ids=["wide", "vmap"])
def test_the_number_of_threads_changes_nothing(make):
    threads, found = torch.get_num_threads(), []
    try:
        for count in (1, 3):
            torch.set_num_threads(count)
            torch.manual_seed(0)
            net = make()
            masks = [make_mask(magnitude(net, []), s) for s in (0.1, 0.3, 0.5, 0.7, 0.9)]
            own = [dict(net.named_parameters())] * len(masks)
            stack = StackedNetworks(net, own, masks, [Adam] * len(masks))
            stack.train(batches(20))
            loss = stack.measure(batches(2)).loss
            found.append((stack.rows, loss))
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(threads)
    (rows, loss), (again, loss_again) = found
    # Products of matrices may be shared among threads in other ways, by rounding.
    torch.testing.assert_close(rows, again, rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(loss, loss_again, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["small CNN", "sine"])
def test_each_network_sees_the_batches_of_its_source(kind):
    torch.manual_seed(0)
    nets, masks = pruned(NETWORKS[kind])
    for net in nets:
        net.double()
    images = [(x.double(), y) for x, y in batches(8)]
    first, second = images[:4], images[4:]

    def doubled(logits, _, y):
        return 2 * cross_entropy(logits, _, y)

    params = [dict(net.named_parameters()) for net in nets]
    optimizers = [partial(SGD, lr=lr) for lr in RATES]
    mixed = StackedNetworks(
        nets[0], params, masks, optimizers, [cross_entropy, doubled], sources=[1, 0, 1]
    )
    alone = [
        StackedNetworks(nets[0], params, masks, optimizers, [objective])
        for objective in (cross_entropy, doubled)
    ]
    losses = mixed.train(first, second)
    expected = [own.train(seen) for own, seen in zip(alone, (first, second), strict=True)]
    for i, source in enumerate([1, 0, 1]):
        torch.testing.assert_close(mixed.rows[i], alone[source].rows[i], rtol=1e-12, atol=1e-14)
        torch.testing.assert_close(losses[i], expected[source][i])
    mixed.keep([0, 2])
    assert mixed.sources == [1, 1]
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        mixed.train(first, second[:1])
    with pytest.raises(ValueError, match=r"3 networks of 1 sources: got sources \[0, 1, 0\]"):
        StackedNetworks(nets[0], params, masks, optimizers, sources=[0, 1, 0])
