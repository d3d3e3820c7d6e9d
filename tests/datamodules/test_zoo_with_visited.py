import pytest
import torch

from datamodules.small_cnn_zoo import SmallCNNZoo
from datamodules.zoo_with_visited import ZooWithVisited
from scalegmn.targets import SmallCNN
from tests.zoos import metrics_of, write_zoo


@pytest.fixture
def zoo(tmp_path):
    write_zoo(tmp_path / "zoo", metrics_of(40))
    return SmallCNNZoo(
        data_dir=str(tmp_path), folder="zoo", step="last", activation="relu", label="val_accuracy"
    )


@pytest.fixture
def visited():
    nets = [SmallCNN() for _ in range(3)]
    with torch.no_grad():
        nets[1].features[0].weight.zero_()
    return {
        n: torch.stack([dict(net.named_parameters())[n].detach() for net in nets])
        for n, _ in nets[0].named_parameters()
    }


def content(loader):
    return loader.dataset.networks


def test_visited_networks_are_among_those_for_training_only(zoo, visited):
    zoo.setup()
    label = torch.tensor([0.1, 0.2, 0.3])
    data = ZooWithVisited(zoo, visited=visited, label=label, copies=2)
    data.setup()
    before, after = content(zoo.train_dataloader()), content(data.train_dataloader())
    n = len(before)
    assert len(after) == n + 6
    assert torch.equal(after.rows[:n], before.rows) and torch.equal(after.label[:n], before.label)
    assert torch.equal(after.label[n:], label.repeat(2)) and not after.sign[n:].any()
    batch = after[torch.arange(n, n + 3)]
    assert all(torch.equal(batch.parameters[name], p) for name, p in visited.items())
    assert batch.sparsity.tolist() == pytest.approx([0, 144 / 4912, 0])
    for split in ("val", "test"):
        ours, theirs = (content(getattr(d, f"{split}_dataloader")()) for d in (data, zoo))
        assert torch.equal(ours.rows, theirs.rows)


def test_networks_of_another_architecture_are_refused(zoo):
    net = SmallCNN(width=8)
    visited = {n: p.detach()[None] for n, p in net.named_parameters()}
    data = ZooWithVisited(zoo, visited=visited, label=torch.zeros(1))
    with pytest.raises(ValueError, match="set target.net to the zoo's architecture"):
        data.setup()
