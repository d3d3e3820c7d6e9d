"""Arguments of methods that could only fail after a training are refused when a method is made."""

import re
from functools import partial

import pytest
from torch.optim import Adam

from lightning_modules.equivariant_pruner import EquivariantPruner
from lightning_modules.mask_pruner import MaskPruner
from lightning_modules.predictor import Predictor
from pipelines.methods import OneShot, ScaleGMNEq, ScaleGMNMask
from scalegmn.metanetwork import Operator
from scalegmn.pruning import HardConcrete, allocate_globally, magnitude
from scalegmn.scorer import Scorer

ONE_SHOT = partial(OneShot, name="magnitude", score=magnitude, allocate=allocate_globally)


def mask_method(**options):
    given = {"operator": Scorer, "gates": HardConcrete(), "image_shape": (1, 32, 32)}
    module = partial(MaskPruner, **given, l0_weight=1e-4, seed=0, optimizer=Adam)
    options = {"module": module, "allocate": allocate_globally, **options}
    return ScaleGMNMask(name="scalegmn_mask", **options)


@pytest.mark.parametrize("least", [-1, 0.5, True])
def test_what_each_layer_keeps_is_a_count(least):
    message = f"selection.min_per_layer must be a whole number, at least 0, got {least!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        ONE_SHOT(min_per_layer=least)


def test_a_model_for_something_else_is_refused():
    model = partial(Predictor, predictor=None)
    with pytest.raises(ValueError, match="^model: Predictor is not made from the network to prune"):
        ScaleGMNEq(name="scalegmn_eq", module=model, prune=ONE_SHOT())
    with pytest.raises(ValueError, match="give model=mask_pruner$"):
        mask_method(module=model)


def test_a_model_for_a_network_is_taken():
    given = {"operator": Operator, "image_shape": (1, 32, 32), "l1_weight": 1e-3, "optimizer": Adam}
    model = partial(EquivariantPruner, **given)
    assert ScaleGMNEq(name="scalegmn_eq", module=model, prune=ONE_SHOT(min_per_layer=3))


def test_learned_scores_are_of_weights_only():
    assert mask_method(min_per_layer=3)
    with pytest.raises(ValueError, match="^prune_biases=true: pruner=scalegmn_mask scores weights"):
        mask_method(prune_biases=True)
    with pytest.raises(ValueError, match="^selection.min_per_layer must be a whole number"):
        mask_method(min_per_layer=-1)
