"""The baseline hands out the same graphs."""

import pytest
import torch
from torch.testing import assert_close

from benchmarks.plain_items import PlainItems, PygItems
from benchmarks.zoo_batches import by_item
from scalegmn.graph import NetworkGraph
from scalegmn.targets import SmallCNN
from scalegmn.zoo import Networks


@pytest.mark.parametrize("cls", [PlainItems, PygItems])
def test_items_hold_what_a_batch_holds(cls):
    net = SmallCNN()
    graph = NetworkGraph.from_module(net, torch.zeros(1, 1, 32, 32))
    shapes = {name: tuple(t.shape) for name, t in net.state_dict().items()}
    labels, sign = torch.rand(5), torch.tensor([True, False, True, False, False])
    networks = Networks(torch.randn(5, 4970), shapes, sign, labels, torch.zeros(5))
    chosen = torch.tensor([3, 0, 2])
    batch, ours = cls(graph, *by_item(networks)).batch(chosen.tolist()), networks[chosen]
    x_V, x_E = graph.features(ours.parameters)
    assert_close(batch.x.view_as(x_V), x_V)
    assert_close(batch.edge_attr.view_as(x_E), x_E)
    assert_close(batch.y, ours.label)
    assert batch.sign_mask.tolist() == ours.sign.tolist()
