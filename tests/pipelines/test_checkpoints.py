import pytest
import torch
from torch import nn

from pipelines.atomic_checkpoints import AtomicCheckpoints
from pipelines.checkpoints import NEEDED, checkpoint_to_continue, read_checkpoint

MODEL = nn.Linear(2, 1)
CONTENT = {key: {} for key in NEEDED} | {"state_dict": MODEL.state_dict()}


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "checkpoints" / "last.ckpt"
    file.parent.mkdir()
    torch.save(CONTENT, file)
    return file


def test_a_run_continues_from_its_own_checkpoint(own, tmp_path):
    assert checkpoint_to_continue(tmp_path, "other.ckpt", MODEL) == own
    own.unlink()
    assert checkpoint_to_continue(tmp_path, None, MODEL) is None
    with pytest.raises(FileNotFoundError, match="ckpt_path=other.ckpt: no such file"):
        checkpoint_to_continue(tmp_path, "other.ckpt", MODEL)


@pytest.mark.parametrize("size", [0, 10, 500])
def test_a_damaged_checkpoint_is_named_with_what_to_do(own, tmp_path, size):
    own.write_bytes(own.read_bytes()[:size])
    expected = f"{own}: truncated, or no checkpoint of a run; delete it to start the run anew"
    with pytest.raises(ValueError) as error:
        checkpoint_to_continue(tmp_path, None, MODEL)
    assert str(error.value) == expected
    with pytest.raises(ValueError, match="truncated, or no checkpoint; delete it to repeat"):
        AtomicCheckpoints().load_checkpoint(own)


def test_other_files_are_no_checkpoints(own):
    torch.save([1], own)
    with pytest.raises(ValueError, match="no checkpoint of a run, lacks state_dict; do this"):
        read_checkpoint(own, remedy="do this")


def test_a_checkpoint_of_another_model_is_refused(own, tmp_path):
    with pytest.raises(ValueError, match=r"weight is of shape \(1, 2\), expected of shape \(1, 3"):
        checkpoint_to_continue(tmp_path, None, nn.Linear(3, 1))
