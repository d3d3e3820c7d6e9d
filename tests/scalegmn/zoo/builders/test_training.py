from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch.testing import assert_close

from scalegmn.formats import from_zoo_row
from scalegmn.targets import SmallCNN
from scalegmn.zoo.builders import Ranges, noise
from scalegmn.zoo.builders.initial import initial_row
from scalegmn.zoo.builders.stacked_cnn import small_cnn_layout
from scalegmn.zoo.builders.training import METRICS, StackedTraining

LAYERS = ("features.0", "features.3", "features.6", "fc")
LAYOUT = small_cnn_layout(1, 10)
PLAIN = Ranges(activation=["relu"], train_fraction=[1.0], dropout=[0.0, 0.0], l2reg=[1e-3, 1e-2])
OPTIMIZERS = {
    "adam": lambda params, lr: torch.optim.Adam(params, lr, eps=1e-7),
    "sgd": torch.optim.SGD,
    "rmsprop": lambda params, lr: torch.optim.RMSprop(params, lr, alpha=0.9, eps=1e-7),
}


def drawn(ranges, n):
    hyper = [ranges.draw(0, i) for i in range(n)]
    generator = torch.Generator().manual_seed(1)
    rows = [initial_row(LAYOUT, "he_normal", std=0.1, generator=generator) for _ in hyper]
    return hyper, torch.stack(rows)


def plainly_trained(images, h, row, epochs, batch_size):
    """The same as a loop over batches of one module."""
    net = SmallCNN()
    net.load_state_dict(from_zoo_row(row, LAYERS))
    optimizer = OPTIMIZERS[h.optimizer](net.parameters(), h.learning_rate)
    seed, n = torch.tensor([h.random_seed]), len(images.train)
    subset = noise.shuffled(seed, n, stream=noise.SUBSET, time=0)[0]
    for epoch in range(1, epochs + 1):
        order = subset[noise.shuffled(seed, n, stream=noise.ORDER, time=epoch)[0]]
        for index in order.split(batch_size)[: n // batch_size]:
            loss = F.cross_entropy(net(images.train.x[index]), images.train.y[index])
            decay = sum(p.square().sum() for p in net.parameters() if p.ndim > 1)
            optimizer.zero_grad()
            (loss + h.l2reg * decay).backward()
            optimizer.step()
    return net


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_network_trains_as_it_would_alone(images, optimizer):
    hyper, rows = drawn(replace(PLAIN, optimizer=[optimizer]), 2)
    trained = StackedTraining(images, LAYOUT, 8, [0, 3]).run(hyper, rows)
    assert_close(trained.weights[:, 0], rows)
    for i, h in enumerate(hyper):
        net = plainly_trained(images, h, rows[i], 3, 8)
        for name, tensor in from_zoo_row(trained.weights[i, 1], LAYERS).items():
            # Adam divides small gradients by their size, and rounding with them.
            assert_close(tensor, net.get_parameter(name).detach(), rtol=1e-3, atol=1e-4)
        assert not torch.allclose(trained.weights[i, 1], rows[i], atol=1e-3)
        logits = net(images.test.x)
        accuracy = (logits.argmax(1) == images.test.y).double().mean()
        found = dict(zip(METRICS, trained.metrics[i, 1], strict=True))
        assert_close(found["test_accuracy"], accuracy)
        loss = F.cross_entropy(logits, images.test.y).double()
        assert_close(found["test_loss"], loss, rtol=1e-3, atol=1e-4)


def test_a_network_does_not_depend_on_those_beside_it(images):
    hyper, rows = drawn(Ranges(activation=["tanh"], train_fraction=[0.5]), 5)
    training = StackedTraining(images, LAYOUT, 8, [2])
    together = training.run(hyper, rows)
    assert len({h.optimizer for h in hyper}) > 1 and max(h.dropout for h in hyper) > 0.1
    for i in range(5):
        alone = training.run(hyper[i : i + 1], rows[i : i + 1])
        assert_close(alone.weights[0], together.weights[i], rtol=1e-3, atol=1e-5)
    other = training.run([replace(hyper[0], random_seed=5)], rows[:1])
    assert not torch.allclose(other.weights[0], together.weights[0], atol=1e-3)


def test_pruned_entries_stay_zero(images):
    hyper, rows = drawn(Ranges(activation=["relu"], train_fraction=[1.0]), 4)
    keep = torch.rand(rows.shape) > 0.5
    trained = StackedTraining(images, LAYOUT, 8, [2]).run(hyper, rows * keep, keep)
    assert (trained.weights[:, 0][~keep] == 0).all()
    assert (trained.weights[:, 0] != rows)[keep].float().mean() > 0.5


def test_a_network_that_cannot_learn_from_a_whole_batch_learns_from_a_smaller_one(images):
    hyper, rows = drawn(replace(PLAIN, train_fraction=[0.1]), 1)
    trained = StackedTraining(images, LAYOUT, 8, [1]).run(hyper, rows)
    assert not torch.equal(trained.weights[:, 0], rows)


def test_dropout_has_the_rate_it_should_have_and_new_units_every_time():
    seeds, rates = torch.tensor([3, 4]), torch.tensor([0.3, 0.6])
    kept = noise.kept(seeds, rates, 20_000, stream=2, time=7)
    assert_close(kept.mean(1), 1 - rates, atol=0.02, rtol=0)
    for stream, time in ((3, 7), (2, 8)):
        other = noise.kept(seeds, rates, 20_000, stream=stream, time=time)
        assert 0.2 < (other != kept).float().mean() < 0.6
    assert torch.equal(kept, noise.kept(seeds, rates, 20_000, stream=2, time=7))


def test_hashed_bits_are_even_and_independent():
    bits = noise.random_bits(torch.arange(200), 500, stream=2, time=1)
    ones = torch.stack([(bits >> i) & 1 for i in range(32)]).float()
    assert_close(ones.mean((1, 2)), torch.full((32,), 0.5), atol=0.01, rtol=0)
    assert ones[:, :, 1:].sub(ones[:, :, :-1]).abs().mean().sub(0.5).abs() < 0.01
    assert ones[:, 1:].sub(ones[:, :-1]).abs().mean().sub(0.5).abs() < 0.01
