import pytest
import torch

from datamodules.batches import EpochBatches


def epoch_of(number, **options):
    batches = EpochBatches(**{"size": 103, "batch_size": 10, "seed": 42} | options)
    batches.set_epoch(number)
    return list(batches)


def flat(batches):
    return torch.cat([torch.stack(picked) for picked in batches], dim=1)


def test_every_row_comes_once_and_the_last_batch_is_smaller():
    batches = epoch_of(0)
    assert [len(rows) for rows, _ in batches] == [10] * 10 + [3]
    assert sorted(flat(batches)[0].tolist()) == list(range(103))


def test_without_a_seed_rows_keep_their_order():
    assert flat(epoch_of(3, seed=None))[0].tolist() == list(range(103))


def test_each_epoch_and_each_seed_has_its_own_order_and_noise():
    first, later, other = flat(epoch_of(0)), flat(epoch_of(1)), flat(epoch_of(0, seed=43))
    for one, two in [(first, later), (first, other), (later, other)]:
        assert (one != two).float().mean() > 0.9


def test_an_epoch_depends_on_nothing_else():
    before = flat(epoch_of(2))
    torch.manual_seed(1)
    batches = EpochBatches(103, 10, seed=42)
    for epoch in range(3):
        batches.set_epoch(epoch)
        again = flat(batches)
    assert torch.equal(before, again)


def test_nothing_is_drawn_before_the_epoch_is_set():
    batches = EpochBatches(103, 10, seed=42)
    iterator = iter(batches)
    batches.set_epoch(2)
    assert torch.equal(flat(iterator), flat(epoch_of(2)))


@pytest.mark.parametrize("seed", [42, None])
@pytest.mark.parametrize("world_size", [2, 3])
def test_processes_share_each_batch_and_every_row_comes_once(world_size, seed):
    ranks = [epoch_of(1, seed=seed, rank=r, world_size=world_size) for r in range(world_size)]
    for parts, whole in zip(zip(*ranks, strict=True), epoch_of(1, seed=seed), strict=True):
        assert torch.equal(flat(parts), torch.stack(whole))
        assert max(len(p.rows) for p in parts) - min(len(p.rows) for p in parts) <= 1


@pytest.mark.parametrize(("size", "batch_size"), [(101, 10), (100, 1), (1, 10)])
def test_a_batch_smaller_than_the_number_of_processes_is_refused(size, batch_size):
    with pytest.raises(ValueError, match="batch of 1 cannot be shared by 2 processes"):
        EpochBatches(size, batch_size, seed=None, world_size=2)


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_gathered_rows_are_the_shares_of_all_processes_one_after_another(processes):
    shares = [
        flat(epoch_of(0, seed=None, rank=rank, world_size=processes))[0]
        for rank in range(processes)
    ]
    batches = EpochBatches(103, 10, seed=None, rank=0, world_size=processes)
    assert batches.gathered_rows().tolist() == torch.cat(shares).tolist()
