import io

import pytest
import torch
from lightning.pytorch.loggers import TensorBoardLogger
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from callbacks import ImageExamples
from callbacks.image_examples import side_by_side


@pytest.fixture
def fit(net, data, make_trainer, module_of, tmp_path):
    class Painting(module_of):
        def examples(self, batch):
            return {"black": torch.zeros(2, 1, 3, 4), "white": torch.ones(2, 1, 3, 4)}

    def fit(callback, module=Painting, logged=True, **kwargs):
        logger = TensorBoardLogger(tmp_path, name="", version="") if logged else False
        trainer = make_trainer(callbacks=[callback], logger=logger, **kwargs)
        trainer.fit(module(net), **data)
        return EventAccumulator(str(tmp_path)).Reload()

    fit.plain = module_of
    return fit


def test_images_are_shown_on_a_schedule(fit):
    events = fit(ImageExamples(every_n_epochs=2), max_epochs=5, num_sanity_val_steps=1)
    shown = events.Images("examples")
    assert [image.step for image in shown] == [5, 10, 20, 25]
    assert Image.open(io.BytesIO(shown[0].encoded_image_string)).size == (2 * 6, 2 * 5)


def test_without_tensorboard_nothing_happens(fit):
    assert not fit(ImageExamples(), logged=False).Tags()["images"]


def test_kinds_are_columns_and_examples_are_rows():
    a = torch.tensor([0.0, 2.0]).view(2, 1, 1, 1).expand(2, 3, 2, 2)
    image = side_by_side({"a": a, "b": torch.full((2, 3, 2, 2), 0.25)})
    assert image.shape == (3, 8, 8)
    assert (image[:, 1:3, 1:3] == 0).all() and (image[:, 5:7, 1:3] == 1).all()
    assert (image[:, 1:3, 5:7] == 0.25).all() and (image[:, 0] == 0.5).all()


def test_a_module_without_the_method_is_refused(fit):
    with pytest.raises(ValueError, match=r"Plain has no method examples\(batch\): write one"):
        fit(ImageExamples(), module=fit.plain)


def test_the_number_of_epochs_is_above_zero():
    with pytest.raises(ValueError, match="every_n_epochs must be at least 1, got 0"):
        ImageExamples(every_n_epochs=0)
