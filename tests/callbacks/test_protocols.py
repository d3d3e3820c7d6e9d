import pytest
from torch import nn

from callbacks.protocols import holding_mask, offering_target
from lightning_modules.classifier import Classifier
from lightning_modules.one_shot_pruner import OneShotPruner


def test_modules_are_what_they_offer(net):
    classifier, pruner = Classifier(net), OneShotPruner(net)
    assert holding_mask(classifier) is classifier
    assert offering_target(pruner) is pruner


def test_other_modules_are_refused_by_name():
    with pytest.raises(ValueError, match="Linear cannot be masked"):
        holding_mask(nn.Linear(1, 1))
    with pytest.raises(ValueError, match="Linear offers nothing to prune"):
        offering_target(nn.Linear(1, 1))
