from types import SimpleNamespace

import pytest
import torch

from datamodules.digits import Digits
from datamodules.splits import Images, hold_out


def batches(data, epoch=0, split="train"):
    loader = getattr(data, f"{split}_dataloader")()
    loader.sampler.set_epoch(epoch)
    return [(x, y) for x, y in loader]


def ready(cls=Digits, **options):
    data = cls(**options)
    data.prepare_data()
    data.setup("fit")
    return data


def whole(data, split):
    x, y = zip(*batches(data, split=split), strict=True)
    return torch.cat(x), torch.cat(y)


@pytest.mark.parametrize(("n", "held"), [(50_000, 5_000), (5_170, 517), (99, 9)])
def test_held_out_images_are_a_tenth_and_the_rest_is_the_rest(n, held):
    images = Images(torch.zeros(n, 1, 1, 1, dtype=torch.uint8), torch.arange(n))
    rest, held_out = hold_out(images, 0.1, seed=42)
    assert (len(rest), len(held_out)) == (n - held, held)
    assert sorted([*rest.labels.tolist(), *held_out.labels.tolist()]) == list(range(n))


def test_the_split_is_that_of_random_split():
    images = Images(torch.zeros(100, 1, 1, 1, dtype=torch.uint8), torch.arange(100))
    rest, held_out = hold_out(images, 0.1, seed=42)
    generator = torch.Generator().manual_seed(42)
    parts = torch.utils.data.random_split(range(100), [90, 10], generator=generator)
    assert [part.labels.tolist() for part in (rest, held_out)] == [list(part) for part in parts]


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_run_seed_does_not_move_the_splits(split):
    (x, y), (x_other, y_other) = (whole(ready(seed=seed), split) for seed in (0, 1))
    assert torch.equal(x, x_other)
    assert torch.equal(y, y_other)


def test_the_split_seed_moves_the_splits():
    one, other = (whole(ready(split_seed=seed), "val")[0] for seed in (42, 43))
    assert not torch.equal(one, other)


def test_the_run_seed_and_the_epoch_change_the_order_of_training_images():
    labels = [batches(ready(seed=seed), epoch)[0][1] for seed, epoch in [(0, 0), (0, 1), (1, 0)]]
    assert not torch.equal(labels[0], labels[1])
    assert not torch.equal(labels[0], labels[2])


def test_setup_twice_is_setup_once():
    data = ready()
    x, _ = whole(data, "val")
    data.setup("test")
    assert torch.equal(x, whole(data, "val")[0])


@pytest.mark.parametrize("augment", [False, True])
def test_batches_depend_on_seed_and_epoch_and_not_on_the_global_state(augment):
    expected = batches(ready(augment=augment), epoch=3)
    torch.manual_seed(17)
    state = torch.get_rng_state()
    for (x, y), (x_again, y_again) in zip(
        expected, batches(ready(augment=augment), epoch=3), strict=True
    ):
        assert torch.equal(x, x_again)
        assert torch.equal(y, y_again)
    assert torch.equal(torch.get_rng_state(), state)


def test_augmentation_is_for_training_images_and_new_in_each_epoch():
    plain, augmented = ready(), ready(augment=True)
    for split in ("val", "test"):
        assert torch.equal(whole(plain, split)[0], whole(augmented, split)[0])
    (x, y), (x_augmented, y_augmented) = (batches(data)[0] for data in (plain, augmented))
    assert torch.equal(y, y_augmented)
    assert (x != x_augmented).flatten(1).any(1).float().mean() > 0.9


def test_a_loader_resumes_after_the_batch_it_stopped_at():
    data = ready(augment=True)
    loader = data.train_dataloader()
    loader.sampler.set_epoch(2)
    iterator = iter(loader)
    next(iterator), next(iterator)
    resumed = data.train_dataloader()
    resumed.load_state_dict(loader.state_dict())
    resumed.sampler.set_epoch(2)
    for (x, _), (x_resumed, _) in zip(iterator, resumed, strict=True):
        assert torch.equal(x, x_resumed)
    resumed.sampler.set_epoch(3)
    assert len(list(resumed)) == len(loader)


def trainer(rank=0, world_size=1, device="cpu"):
    strategy = SimpleNamespace(root_device=torch.device(device))
    return SimpleNamespace(global_rank=rank, world_size=world_size, strategy=strategy)


def test_two_processes_see_the_batches_of_one():
    ranks = []
    for rank in range(2):
        data = Digits(augment=True)
        data.trainer = trainer(rank, world_size=2)
        data.setup()
        ranks.append(batches(data))
    for parts, (x, y) in zip(zip(*ranks, strict=True), batches(ready(augment=True)), strict=True):
        assert torch.equal(torch.cat([x for x, _ in parts]), x)
        assert torch.equal(torch.cat([y for _, y in parts]), y)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_are_made_on_the_device_of_the_trainer():
    data = Digits(augment=True)
    data.trainer = trainer(device="cuda")
    data.setup()
    for (x, y), (x_cpu, y_cpu) in zip(batches(data), batches(ready(augment=True)), strict=True):
        assert x.is_cuda
        torch.testing.assert_close(x.cpu(), x_cpu)
        assert torch.equal(y.cpu(), y_cpu)


def test_an_empty_batch_is_refused():
    with pytest.raises(ValueError, match="data.batch_size must be a whole .* got 0"):
        Digits(batch_size=0)


@pytest.mark.parametrize("augment", [False, True])
def test_channels_may_lie_last(augment):
    data, other = (ready(batch_size=100, augment=augment) for _ in range(2))
    other.channels_last = True
    (x, y), (last, labels) = batches(data)[0], batches(other)[0]
    # Of one channel, only the strides tell.
    assert last.stride() == (1024, 1, 32, 1) and x.stride() == (1024, 1024, 32, 1)
    assert torch.equal(x, last) and torch.equal(y, labels)


def test_whole_batches_on_one_of_several_processes():
    data = ready(batch_size=100)
    expected = {split: batches(data, epoch=1, split=split) for split in ("train", "val")}
    strategy = SimpleNamespace(root_device=torch.device("cpu"))
    data.trainer = SimpleNamespace(global_rank=1, world_size=2, strategy=strategy)
    assert len(batches(data, epoch=1)[0][1]) == 50
    for split, found in expected.items():
        loader = data.unshared_loader(split)
        loader.sampler.set_epoch(1)
        for (x, y), (x2, y2) in zip(loader, found, strict=True):
            assert torch.equal(x, x2) and torch.equal(y, y2)
