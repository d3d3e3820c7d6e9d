from functools import partial

import pytest

from pipelines.loaded_predictor import build_or_load
from scalegmn.nn import Architecture, Message
from scalegmn.predictor import Metanetwork, StatNN, load_predictor, save_predictor
from scalegmn.targets import SmallCNN

A, B = ({"zoo": name, "by": "run with seed 42"} for name in ("a", "b"))
RECIPE = StatNN(d=8)


def predictor(split, weights=None, recipe=RECIPE):
    shape = (1, 32, 32)
    return build_or_load(
        recipe, network=SmallCNN(), image_shape=shape, weights=weights, split=split
    )


def test_a_predictor_remembers_every_split_that_it_learnt_from(tmp_path):
    first, second = (tmp_path / f"{name}.safetensors" for name in ("first", "second"))
    save_predictor(first, predictor(A), {})
    save_predictor(second, predictor(B, str(first)), {})
    assert load_predictor(second).splits == [A, B]
    assert predictor(A, str(second)).splits == [A, B]
    for other in ({**A, "by": "run with seed 1"}, {**B, "by": "b_split.csv"}):
        with pytest.raises(ValueError, match=f"second.safetensors: it learnt from {other['zoo']}"):
            predictor(other, str(second))


def test_a_file_that_does_not_say_what_it_learnt_from_is_mentioned(tmp_path, caplog):
    file = tmp_path / "old.safetensors"
    save_predictor(file, predictor(None), {})
    assert predictor(A, str(file)).splits == [A]
    (said,) = caplog.messages
    assert said.endswith("does not say which networks it learnt from: test others")


class Sent(Message):
    """A message function of a user's."""

    def __init__(self, spec, *, factor: float = 1.0):
        super().__init__(spec.roles)
        self.factor = factor

    def message(self, x_j, e, x_i, role):
        return self.factor * x_j.h


def test_a_file_may_have_the_messages_that_the_run_names(tmp_path):
    file = tmp_path / "predictor.safetensors"

    def recipe(message):
        return Metanetwork(Architecture(d=2, num_layers=1, message=message))

    save_predictor(file, predictor(A, recipe=recipe(partial(Sent, factor=2.0))), {})
    loaded = predictor(A, str(file), recipe(Sent))
    assert loaded.recipe == recipe(partial(Sent, factor=2.0))
    for other in (recipe(None), RECIPE):
        with pytest.raises(ValueError, match=rf"files do not choose .*messages=\[{__name__}.Sent"):
            predictor(A, str(file), other)
